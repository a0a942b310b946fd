#include "rbees/control/attempt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <boost/describe/class.hpp>

#include "full_disk.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::TaskError;
using orchestrator::AttemptFault;

constexpr Duration first_pause = std::chrono::milliseconds(50);
constexpr Duration longest_pause = std::chrono::seconds(1);

/// How long the start of an attempt waits for the first token, so that one commit holds both.
constexpr Duration start_pause = std::chrono::milliseconds(2);

/// Of a worker's lease, so that two renewals may be lost.
constexpr int renewals_in_a_lease = 3;

/// Tokens that are stored before the worker is told: telling it of each would cost a request for each.
constexpr std::uint64_t tokens_per_acknowledgement = 64;

/// The journal's bound was hit by what the worker said: the same would come again from any worker.
TaskError too_much(const contracts::Problem& problem) {
    return {ErrorCode::LIMIT_EXCEEDED, "the answer cannot be kept: " + problem.detail, false};
}

/// The last frame of a stream, as clients see it.
struct EndFrame {
    JobId job_id;
    std::string stop_reason;
    contracts::Usage usage;
    std::optional<reflect::json::object> message;
};
BOOST_DESCRIBE_STRUCT(EndFrame, (), (job_id, stop_reason, usage, message))

}  // namespace

template <class F>
auto Attempt::guarded(F f) {
    return [self = weak_from_this(), f = std::move(f)](auto&&... arguments) mutable {
        if (const auto attempt = self.lock()) f(std::forward<decltype(arguments)>(arguments)...);
    };
}

Attempt::Attempt(AttemptPorts ports, const orchestrator::Job& job, orchestrator::Ticket ticket)
    : ports_(std::move(ports)),
      key_{job.id, job.attempt},
      ticket_(std::move(ticket)),
      relay_(job),
      retry_timer_(ports_.world.timer()),
      submit_timer_(ports_.world.timer()),
      lease_timer_(ports_.world.timer()),
      start_timer_(ports_.world.timer()),
      lease_(ports_.lease),
      was_taken_(job.state == contracts::TaskState::running) {}

void Attempt::start(contracts::Execute order) {
    order_ = std::move(order);
    this->order();
    renew_lease();
}

void Attempt::order() {
    ports_.workers.execute(address(), order_,
                           guarded([this](const std::expected<void, WorkerRefusal>& answer) { ordered(answer); }));
}

void Attempt::ordered(const std::expected<void, WorkerRefusal>& answer) {
    if (is_over_) return;
    if (answer) {
        crash_point(CrashPoint::execute_run_not_recorded);
        silent_since_.reset();
        was_taken_ = true;
        ports_.reached(worker());
        return act(relay_.accepted());
    }
    const auto& refusal = answer.error();
    switch (refusal.fault) {
        case WorkerFault::unreachable:
        case WorkerFault::broken:
        case WorkerFault::gone:
            return again(refusal, [this] { order(); });
        case WorkerFault::refused:
            return act(relay_.failed(AttemptFault::refused, refusal.error));
        case WorkerFault::not_now:
        case WorkerFault::unknown:
            ports_.refused(worker());
            return act(relay_.failed(AttemptFault::not_started, refusal.error));
    }
}

void Attempt::worker_ended(std::string why) {
    lost({ErrorCode::WORKER_UNAVAILABLE, std::move(why), true});
}

void Attempt::abandon() {
    if (std::exchange(is_over_, true)) return;
    stream_.reset();
    ports_.workers.cancel(address(), key_);
}

void Attempt::act(const orchestrator::RelayActions& actions) {
    for (const auto& action : actions) {
        if (is_over_) return;
        std::visit(overloaded{
                       [this](const orchestrator::StoreNow& what) { store(what); },
                       [this](const orchestrator::AckNow& ack) {
                           const auto through = ack.through;
                           const auto known = acknowledged_ ? *acknowledged_ + 1 : 0;
                           if (through && *through + 1 >= known + tokens_per_acknowledgement) acknowledge(through);
                       },
                       [this](const orchestrator::CompleteNow& complete) {
                           const auto& end = complete.end;
                           const EndFrame frame{key_.job, end.stop_reason, end.usage, end.message};
                           finish(orchestrator::CompleteJob{.job = key_.job,
                                                            .attempt = key_.attempt,
                                                            .stop_reason = end.stop_reason,
                                                            .usage = end.usage,
                                                            .end = {"end", reflect::to_json_text(frame)},
                                                            .at = ports_.world.wall_now(),
                                                            .salt = ports_.world.new_salt()});
                       },
                       [this](const orchestrator::FailNow& fail) {
                           finish(orchestrator::FailAttempt{.job = key_.job,
                                                            .attempt = key_.attempt,
                                                            .fault = fail.fault,
                                                            .error = fail.error,
                                                            .at = ports_.world.wall_now(),
                                                            .salt = ports_.world.new_salt()});
                       },
                       [this](const orchestrator::AttachNow& now) { attach(now.after); },
                   },
                   action);
    }
}

void Attempt::attach(std::optional<std::uint64_t> after) {
    is_reading_ = false;
    stream_ =
        ports_.workers.attach(address(), key_, after, guarded([this](AttemptEvent event) { came(std::move(event)); }));
    read_on();
}

void Attempt::read_on() {
    if (!stream_ || is_reading_ || !relay_.may_read()) return;
    is_reading_ = true;
    stream_->read();
}

void Attempt::came(AttemptEvent event) {
    is_reading_ = false;
    if (is_over_) return;
    if (const auto* end = std::get_if<StreamCut>(&event)) return cut(end->why);
    silent_since_.reset();
    std::visit(overloaded{
                   [this](const contracts::ExecutionStart& start) {
                       act(relay_.started(start));
                       start_timer_->set(ports_.world.now() + start_pause, [this] { act(relay_.idle()); });
                   },
                   [this](contracts::ExecutionToken& token) {
                       crash_point(CrashPoint::frame_received_not_stored);
                       act(relay_.token(std::move(token)));
                   },
                   [this](contracts::ExecutionEnd& end) {
                       crash_point(CrashPoint::end_received_not_stored);
                       stream_.reset();
                       act(relay_.ended(std::move(end)));
                   },
                   [this](contracts::ExecutionError& error) {
                       stream_.reset();
                       const auto fault = error.is_final ? AttemptFault::refused : AttemptFault::engine_error;
                       // A conflict is that this worker cannot go on with what another one began.
                       const auto code = error.code == ErrorCode::CONFLICT ? ErrorCode::WORKER_UNAVAILABLE : error.code;
                       const bool retriable = contracts::row_of(code).retry == contracts::Retry::sensible;
                       act(relay_.failed(fault, {code, std::move(error.message), retriable}));
                   },
                   [](const StreamCut&) {},
               },
               event);
    read_on();
}

void Attempt::cut(const WorkerRefusal& why) {
    stream_.reset();
    const bool is_over = why.fault == WorkerFault::unknown || why.fault == WorkerFault::refused;
    if (is_over) return lost(why.error);
    again(why, [this] { act(relay_.disconnected()); });
}

/// Tries again after a pause, as long as there is hope.
void Attempt::again(const WorkerRefusal& why, std::function<void()> what) {
    const auto now = ports_.world.now();
    if (!silent_since_) {
        silent_since_ = now;
        pause_ = first_pause;
        ports_.unreachable(worker());  // others need not find it out as well
    }
    if (now - *silent_since_ >= (why.fault == WorkerFault::gone ? patience_if_gone : patience)) {
        if (why.fault == WorkerFault::unreachable && !was_taken_) return find_out_why(why.error);
        return lost(why.error);
    }
    retry_timer_->set(now + pause_, std::move(what));
    pause_ = std::min(2 * pause_, longest_pause);
}

/// The order was never answered. A worker that answers nobody says nothing about the job. One that answers others, dies
/// of it, or breaks, might.
void Attempt::find_out_why(TaskError error) {
    auto reply = [this, error = std::move(error)](const std::expected<void, WorkerRefusal>& answer) {
        const bool is_silent = !answer && answer.error().fault == WorkerFault::unreachable;
        lost(error, is_silent ? AttemptFault::unanswered : AttemptFault::worker_lost);
    };
    ports_.workers.ask_after(address(), guarded(std::move(reply)));
}

void Attempt::lost(TaskError error, AttemptFault fault) {
    if (is_over_) return;
    stream_.reset();
    retry_timer_->cancel();
    ports_.unreachable(worker());
    act(relay_.failed(fault, std::move(error)));
}

void Attempt::store(orchestrator::StoreNow what) {
    auto frames = what.frames;
    orchestrator::StoreFrames command{.job = key_.job,
                                      .attempt = key_.attempt,
                                      .frames = std::move(what.frames),
                                      .ids = std::move(what.ids),
                                      .tokens = what.tokens,
                                      .start = std::move(what.start),
                                      .at = ports_.world.wall_now(),
                                      .salt = ports_.world.new_salt()};
    if (planted(Bug::early_frames)) ports_.stored(key_.job, frames);
    submit(std::move(command), [this, frames = std::move(frames)]() mutable {
        crash_point(CrashPoint::frame_stored_not_acknowledged);
        if (!planted(Bug::early_frames)) ports_.stored(key_.job, std::move(frames));
        act(relay_.stored());
        read_on();
    });
}

/// The attempt's last word.
void Attempt::finish(orchestrator::JobCommand command) {
    const bool is_result = std::holds_alternative<orchestrator::CompleteJob>(command);
    stream_.reset();
    submit(std::move(command), [this, is_result] {
        if (!is_result) return;
        crash_point(CrashPoint::end_stored_not_acknowledged);
        is_over_ = true;  // nothing is left to cancel
        ports_.workers.acknowledge(address(), key_, {.through = relay_.renewal().through, .done = true},
                                   [](const auto&) {});
    });
}

/// Ends the job for good: what comes cannot be stored.
void Attempt::give_up(TaskError error) {
    if (std::exchange(has_given_up_, true)) return;
    finish(orchestrator::FailAttempt{.job = key_.job,
                                     .attempt = key_.attempt,
                                     .fault = AttemptFault::refused,
                                     .error = std::move(error),
                                     .at = ports_.world.wall_now(),
                                     .salt = ports_.world.new_salt()});
}

void Attempt::submit(orchestrator::JobCommand command, std::function<void()> done) {
    auto kept = command;
    auto reply = guarded([this, kept = std::move(kept), done](const kernel::Loop::Outcome& outcome) mutable {
        if (is_over_) return;
        if (outcome) return done();
        if (outcome.error().code == ErrorCode::BODY_TOO_LARGE) return give_up(too_much(outcome.error()));
        // Refused otherwise: the attempt is not the newest, the job has ended, or the process stops.
        if (!may_be_taken_later(outcome.error())) return;
        submit_timer_->set(ports_.world.now() + disk_pause,
                           [this, kept = std::move(kept), done] { submit(kept, done); });
    });
    ports_.submit(std::move(command), std::move(reply));
}

void Attempt::acknowledge(std::optional<std::uint64_t> through) {
    acknowledged_ = through;
    ports_.workers.acknowledge(address(), key_, {.through = through, .done = std::nullopt},
                               guarded([this](const std::expected<Duration, WorkerRefusal>& lease) {
                                   if (lease) lease_ = *lease;
                                   if (is_over_ || lease || !stream_) return;
                                   cut(lease.error());  // nothing may come on the stream, however long it is read
                               }));
}

void Attempt::renew_lease() {
    lease_timer_->set(ports_.world.now() + lease_ / renewals_in_a_lease, [this] {
        if (is_over_) return;
        acknowledge(relay_.renewal().through);
        renew_lease();
    });
}

WorkerAddress Attempt::address() const {
    return {ticket_.worker().url, ticket_.worker().secret, ticket_.epoch()};
}

}  // namespace rbees::control
