#include "pool_reports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "rbees/base/time.hpp"
#include "rbees/net/client.hpp"
#include "rbees/net/timer.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::workerd {

struct PoolReports::State {
    State(net::IoContext& io_context, std::optional<Address> address_, Logger log_, Patience patience_)
        : io(io_context), client(io), address(std::move(address_)), log(std::move(log_)), patience(patience_) {}

    net::IoContext& io;
    net::Client client;
    std::optional<Address> address;
    Logger log;
    Patience patience;
    std::optional<contracts::WorkerReady> next;
    std::function<void()> lost;
    std::function<void()> told;
    bool is_sending = false;
    bool is_over = false;  ///< lost, or nobody is there to be told

    [[nodiscard]] net::ClientRequest request_of(const contracts::WorkerReady& report) const {
        net::ClientRequest request;
        request.method = "POST";
        request.url = address->url;
        request.headers.set("Authorization", "Bearer " + address->secret);
        request.headers.set("Content-Type", "application/json");
        request.body = reflect::to_json_text(report);
        request.timeouts = {
            .connect = patience.one_attempt, .head = patience.one_attempt, .body = patience.one_attempt};
        return request;
    }

    void call_told() {
        if (const auto call = std::exchange(told, nullptr)) call();
    }
    void call_lost() {
        is_over = true;
        if (const auto call = std::exchange(lost, nullptr)) call();
    }
};

PoolReports::PoolReports(net::IoContext& io, std::optional<Address> address, Logger log, Patience patience)
    : state_(std::make_shared<State>(io, std::move(address), std::move(log), patience)) {}

PoolReports::~PoolReports() {
    state_->is_over = true;
    state_->lost = nullptr;
    state_->told = nullptr;
}

void PoolReports::post(contracts::WorkerReady report) {
    if (!state_->address || state_->is_over) return;
    state_->next = std::move(report);
    if (std::exchange(state_->is_sending, true)) return;
    boost::asio::co_spawn(state_->io, send_all(state_), boost::asio::detached);
}

void PoolReports::when_lost(std::function<void()> lost) {
    state_->lost = std::move(lost);
}

void PoolReports::when_told(std::function<void()> told) {
    if (!state_->is_sending) return told();
    state_->told = std::move(told);
}

net::Task<void> PoolReports::send_all(std::shared_ptr<State> state) {
    std::optional<contracts::WorkerReady> report;
    std::optional<Instant> failing_since;
    auto pause = state->patience.first_pause;
    while (!state->is_over && (report || state->next)) {
        if (state->next) report = std::exchange(state->next, std::nullopt);
        auto request = state->request_of(*report);
        const auto answer = co_await state->client.send(std::move(request));
        if (answer && answer->status / 100 == 2) {
            report.reset();
            failing_since.reset();
            pause = state->patience.first_pause;
            continue;
        }
        const auto why = answer ? fmt::format("it answered {}", answer->status) : answer.error().detail;
        state->log.warning("the pool manager did not take a report", {{"why", why}});
        const auto now = BootClock::now();
        if (!failing_since) failing_since = now;
        if (now - *failing_since >= state->patience.whole) {
            state->is_sending = false;
            state->call_lost();
            co_return;
        }
        co_await net::wait_for(pause);
        pause = std::min(pause * 2, state->patience.longest_pause);
    }
    state->is_sending = false;
    state->call_told();
}

}  // namespace rbees::workerd
