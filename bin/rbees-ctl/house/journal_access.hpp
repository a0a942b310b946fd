#pragma once
/// @file
/// The journal of a home: through rbees-orcd while it runs, else as the file that it is.
///
/// Reading all of it takes as long as it takes, so it shows that it goes on, and Ctrl-C and `--timeout` end it.

#include <expected>
#include <functional>
#include <future>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "cli/session.hpp"

namespace rbees::ctl {

/// Whether rbees-orcd must be asked: its address was named, or this home's one runs.
[[nodiscard]] bool is_served(const Session& session, const Home& home);

/// A request whose answer may take hours; `what` is shown meanwhile.
[[nodiscard]] Checked<net::Response> call_slowly(Session& session, net::ClientRequest request, const std::string& what);

/// Shows `what` with the time that it has taken so far, unless that is short.
void show_waiting(ProgressLine& progress, const std::string& what, Instant since);

inline constexpr Duration quick_work = std::chrono::milliseconds(20);
inline constexpr Duration waiting_look = std::chrono::milliseconds(50);

/// Runs blocking work on a thread beside the loop; `what` is shown meanwhile. When the waiting ends early, the work is
/// asked to stop, and waited for.
template <class T>
[[nodiscard]] Checked<T> run_aside(Session& session, const std::string& what,
                                   const std::function<T(const std::stop_token& stop)>& work) {
    std::packaged_task<T(const std::stop_token&)> task(work);
    auto result = task.get_future();
    const std::jthread thread([&task](const std::stop_token& stop) { task(stop); });
    auto progress = session.console().progress();
    const auto since = BootClock::now();
    auto patience = quick_work;
    while (result.wait_for(std::exchange(patience, Duration{})) != std::future_status::ready) {
        show_waiting(progress, what, since);
        if (auto waited = session.loop().wait(waiting_look); !waited) return std::unexpected(waited.error());
    }
    return result.get();
}

}  // namespace rbees::ctl
