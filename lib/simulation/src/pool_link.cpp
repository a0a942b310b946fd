/// @file
/// How a pool manager keeps in touch with rbees-orcd: the same order of calls, pauses and patience as in
/// pool-managerd's link.

#include <chrono>

#include "pool_node.hpp"

namespace rbees::simulation {
namespace {

// As pool-managerd has them.
constexpr Duration orcd_answer = std::chrono::seconds(5);
constexpr Duration retry_loopback = std::chrono::milliseconds(50);
constexpr Duration retry_refused = std::chrono::seconds(2);

}  // namespace

void PoolNode::again(Duration pause) {
    process_.after(pause, [this] { register_self(); });
}

void PoolNode::register_self() {
    contracts::NodeRegistration registration;
    registration.node_id = id_;
    registration.name = process_.name();
    registration.url = url();
    registration.call_token = "token of " + process_.name();
    registration.status = status();
    stage_.network.call<RegisterAnswer>(
        {process_, orcd_.process(), orcd_answer},
        [this, registration](std::function<void(RegisterAnswer)> answer) {
            orcd_.register_node(registration, std::move(answer));
        },
        [this](std::expected<RegisterAnswer, CallFailure> answer) {
            if (!answer) return again(retry_loopback);
            if (!*answer) return again(retry_refused);
            orchestrator_ = (*answer)->orchestrator;
            interval_ = std::chrono::milliseconds((*answer)->heartbeat_interval_ms);
            stage_.note(process_.name(), "registered", *orchestrator_);
            hold_heartbeat();
        });
}

/// One is always held open; the next follows at once.
void PoolNode::hold_heartbeat() {
    const auto started = stage_.agenda.now();
    send_heartbeat(interval_, [this, started](bool is_known, bool is_there) {
        if (!is_known || !is_there) {
            orchestrator_.reset();
            return again(is_there ? Duration{} : retry_loopback);
        }
        // An orcd that does not hold must not be asked in a tight loop.
        const auto took = stage_.agenda.now() - started;
        const auto pause = took < interval_ / 2 ? interval_ - took : Duration{};
        process_.after(pause, [this] { hold_heartbeat(); });
    });
}

/// Something changed: orcd is told at once, beside the heartbeat that it holds.
void PoolNode::report() {
    if (!orchestrator_) return;
    is_stale_ = true;
    if (std::exchange(is_reporting_, true)) return;
    is_stale_ = false;
    send_heartbeat({}, [this](bool is_known, bool is_there) {
        is_reporting_ = false;
        if (is_known && is_there && is_stale_) report();
    });
}

void PoolNode::send_heartbeat(Duration hold, std::function<void(bool is_known, bool is_there)> done) {
    contracts::Heartbeat heartbeat{.orchestrator = orchestrator_.value_or(""), .status = status()};
    heartbeat.hold_ms = static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(hold).count());
    stage_.network.call<HeartbeatAnswer>(
        {process_, orcd_.process(), hold + orcd_answer},
        [this, heartbeat](std::function<void(HeartbeatAnswer)> answer) {
            orcd_.heartbeat(process_, id_, heartbeat, std::move(answer));
        },
        [done = std::move(done)](std::expected<HeartbeatAnswer, CallFailure> answer) {
            done(!answer || answer->has_value(), answer.has_value());
        });
}

}  // namespace rbees::simulation
