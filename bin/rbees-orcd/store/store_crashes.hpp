#pragma once
/// @file
/// The journal's own points to crash at, under the names that all programs share.

#include <functional>

#include "rbees/base/crash_point.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::orcd {

[[nodiscard]] constexpr CrashPoint crash_point_of(store::CrashPoint point) {
    switch (point) {
        case store::CrashPoint::before_write:
            break;
        case store::CrashPoint::written_not_committed:
            return CrashPoint::appended_not_synced;
        case store::CrashPoint::committed_not_reported:
            return CrashPoint::synced_not_reported;
        case store::CrashPoint::log_copied:
            return CrashPoint::log_copied;
        case store::CrashPoint::cut_not_committed:
            return CrashPoint::cut_not_committed;
        case store::CrashPoint::cut_committed:
            return CrashPoint::cut_committed;
    }
    return CrashPoint::before_append;
}

/// For `JournalOptions::reached`; empty in what users run.
[[nodiscard]] inline std::function<void(store::CrashPoint)> store_crashes() {
    if constexpr (!has_crash_points) return {};
    return [](store::CrashPoint point) { crash_point(crash_point_of(point)); };
}

}  // namespace rbees::orcd
