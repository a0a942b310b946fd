#include "house/journal_access.hpp"

#include <fmt/format.h>

#include "client/refusal.hpp"
#include "house/processes.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::ctl {
namespace {

constexpr Duration longest_answer = std::chrono::hours(24);
constexpr Duration silent_time = std::chrono::seconds(1);
constexpr Duration redraw_interval = std::chrono::milliseconds(250);

/// Redraws the line until it is gone.
net::Task<void> keep_showing(std::weak_ptr<ProgressLine> line, std::string what) {
    const auto since = BootClock::now();
    while (true) {
        const auto shown = line.lock();
        if (!shown) co_return;
        show_waiting(*shown, what, since);
        [[maybe_unused]] const bool passed = co_await net::wait_for(redraw_interval);
    }
}

}  // namespace

bool is_served(const Session& session, const Home& home) {
    return session.is_address_named() || is_running(read_process(home.orcd_process(), orcd_name));
}

void show_waiting(ProgressLine& progress, const std::string& what, Instant since) {
    const auto now = BootClock::now();
    if (now < since + silent_time) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - since).count();
    progress.show(fmt::format("{} ... {} s", what, seconds), now);
}

Checked<net::Response> call_slowly(Session& session, net::ClientRequest request, const std::string& what) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    request.timeouts.head = longest_answer;
    const std::shared_ptr<ProgressLine> line(new ProgressLine(session.console().progress()));  // cannot be moved
    session.loop().start(keep_showing(line, what));
    auto response = (*api)->exchange(std::move(request));
    line->clear();
    if (response && response->status >= 400) return std::unexpected(refusal(*response));
    return response;
}

}  // namespace rbees::ctl
