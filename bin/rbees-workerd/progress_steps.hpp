#pragma once
/// @file
/// When a load's progress is worth a report: at each quarter, and otherwise as it moves, but never more often than
/// `progress_interval`, so that a fast load does not flood the pool manager.

#include <cmath>
#include <optional>

#include "limits.hpp"
#include "rbees/base/time.hpp"

namespace rbees::workerd {

/// Pure: time comes in.
class ProgressSteps {
  public:
    /// Whether `progress` (0 to 1) should be reported now; it counts as reported then.
    [[nodiscard]] bool is_due(double progress, Instant now) {
        if (last_ && now - *last_ < progress_interval) return false;
        const bool is_new_quarter = std::floor(progress * 4) > std::floor(reported_ * 4);
        if (last_ && !is_new_quarter && progress - reported_ < step) return false;
        last_ = now;
        reported_ = progress;
        return true;
    }

  private:
    static constexpr double step = 0.05;
    std::optional<Instant> last_;
    double reported_ = 0;
};

}  // namespace rbees::workerd
