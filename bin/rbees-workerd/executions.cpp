#include "executions.hpp"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <variant>

#include "execution_wire.hpp"
#include "limits.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/reflect/describe.hpp"
#include "refusals.hpp"

namespace rbees::workerd {
namespace {

using contracts::ExecutionState;
using contracts::Problem;

/// Twice as many threads as executions: one that was stopped may still have its own when another takes its place.
std::size_t threads_for(std::size_t executions) {
    return 2 * executions + orders_read_max;
}

std::optional<pool::ExecutionKey> key_of(const http_api::Call& call) {
    const auto attempt = parse_whole<std::uint32_t>(call.parameter("attempt"));
    const auto& job = call.parameter("job");
    if (!attempt || !is_valid_id(job)) return std::nullopt;
    return pool::ExecutionKey{JobId(job), *attempt};
}

bool ends_with_last(const std::vector<pool::ExecutionEvent>& events) {
    return events.back().name == "end" || events.back().name == "error";
}

}  // namespace

Executions::Executions(Surroundings surroundings, pool::ExecutionLimits limits)
    : io_(surroundings.io),
      engine_(surroundings.engine),
      epochs_(surroundings.epochs),
      worker_(std::move(surroundings.worker)),
      tasks_(std::move(surroundings.tasks)),
      metrics_(surroundings.metrics),
      log_(std::move(surroundings.log)),
      completed_(metrics_.counter("rbees_executions_total", {"completed"})),
      failed_(metrics_.counter("rbees_executions_total", {"failed"})),
      cancelled_(metrics_.counter("rbees_executions_total", {"cancelled"})),
      leases_ended_(metrics_.counter("rbees_execution_leases_ended_total")),
      pauses_(metrics_.counter("rbees_execution_pauses_total")),
      book_(limits),
      lease_(io_),
      readers_(threads_for(limits.executions_max)) {}

Executions::~Executions() {
    for (const auto& [key, execution] : executions_)
        execution->stop();
}

net::Task<void> Executions::begin(http_api::Call& call) {
    const auto execution = co_await obtain(call);
    net::Response answer;
    if (execution) {
        crash_point(CrashPoint::order_taken_not_answered);
        const auto& key = (*execution)->key();
        const auto state = book_.state_of(key).value_or(ExecutionState::ended);
        answer = http_api::json_answer(call.route.status, contracts::ExecutionAccepted{key.job, key.attempt, state});
        answer.headers.set(contracts::worker_header, worker_.str());
    } else {
        answer = call.refuse(execution.error());
    }
    co_await call.exchange.respond(std::move(answer));
}

/// The execution that an order means, once the engine has taken it.
net::Task<Executions::Answer<Executions::Handle>> Executions::obtain(http_api::Call& call) {
    auto& request = call.exchange.request();
    if (auto passed = epochs_.check(request); !passed) co_return std::unexpected(std::move(passed.error()));
    const auto& capabilities = engine_.capabilities();
    if (!can_do(capabilities.kind, engine::Operation::chat))
        co_return std::unexpected(wrong_kind(capabilities, engine::Operation::chat));
    auto order = co_await read(std::move(request.body));
    if (!order) co_return std::unexpected(std::move(order.error()));
    auto execution = take(std::move(*order));
    if (!execution) co_return execution;
    auto verdict = co_await (*execution)->verdict();
    if (!verdict) co_return std::unexpected(std::move(verdict.error()));
    co_return execution;
}

/// Reads the body on another thread: it may hold every token of a long answer.
net::Task<Executions::Answer<ExecutionOrder>> Executions::read(std::string body) {
    struct Result {
        explicit Result(net::IoContext& io) : is_there(io) {}
        Bell is_there;
        std::optional<Answer<ExecutionOrder>> order;
    };
    auto result = std::make_shared<Result>(io_);
    const auto& hash = engine_.capabilities().model_hash;
    const auto admission = readers_.start([&io = io_, &hash, body = std::move(body), result]() mutable {
        auto order = read_order(body, hash);
        boost::asio::post(io, [result = std::move(result), order = std::move(order)]() mutable {
            result->order = std::move(order);
            result->is_there.ring();
        });
    });
    if (admission == Admission::full) co_return std::unexpected(too_many_executions(book_.limits().executions_max));
    while (!result->order) {
        co_await result->is_there.wait();
    }
    co_return std::move(*result->order);
}

Executions::Answer<Executions::Handle> Executions::take(ExecutionOrder order) {
    const auto& key = order.key;
    const auto now = BootClock::now();
    const auto known = executions_.find(key);
    if (known == executions_.end() && is_closed_) {
        return std::unexpected(not_taking_work(ModelId(engine_.capabilities().model)));
    }
    const auto begun = book_.begin(key, now);
    if (!begun) return std::unexpected(execution_refused(begun.error(), key, book_.limits().executions_max));
    watch_leases();
    if (!begun->is_new) return known->second;
    for (const auto& outdated : begun->outdated)
        forget(outdated, "outdated by a newer attempt");
    const TaskId task(key.job.str() + "/" + std::to_string(key.attempt));
    auto running = tasks_->begin(task, [this, key] { end(key); }, now);
    auto execution =
        running ? std::make_shared<Execution>(io_, key, std::move(order.call), std::move(*running)) : nullptr;
    if (execution && ask(execution)) {
        executions_.emplace(key, execution);
        return execution;
    }
    book_.withdraw(key);
    return std::unexpected(execution ? too_many_executions(book_.limits().executions_max) : was_cancelled());
}

net::Task<void> Executions::attach(http_api::Call& call) {
    auto reading = open_reading(call);
    if (!reading) {
        auto refusal = call.refuse(reading.error());
        co_await call.exchange.respond(std::move(refusal));
        co_return;
    }
    co_await show(call, std::move(*reading));
}

Executions::Answer<Executions::Reading> Executions::open_reading(const http_api::Call& call) {
    const auto key = key_of(call);
    if (!key) return std::unexpected(bad_attempt());
    std::optional<std::uint64_t> after;
    if (const auto given = call.request().query_value("after")) {
        after = parse_whole<std::uint64_t>(*given);
        if (!after) return std::unexpected(bad_after());
    }
    if (auto reached = check_reached(*key, after, "after"); !reached)
        return std::unexpected(std::move(reached.error()));
    auto kept = book_.attach(*key, after, BootClock::now());
    if (!kept) return std::unexpected(execution_refused(kept.error(), *key, book_.limits().executions_max));
    watch_leases();
    const auto& execution = executions_.at(*key);
    return Reading{execution, execution->add_reader(), std::move(*kept), book_.last_place(*key)};
}

/// Writes what is kept and then what comes, to the end or until somebody else reads. Without `finish` the connection is
/// cut: half a stream never looks whole.
net::Task<void> Executions::show(http_api::Call& call, Reading reading) {
    const auto execution = std::move(reading.execution);
    const auto reader = reading.reader;
    call.exchange.when_client_leaves([execution, reader] { execution->remove_reader(reader); });
    net::Response head;
    head.headers.set("Content-Type", "text/event-stream");
    head.headers.set("Cache-Control", "no-store");
    head.headers.set(contracts::worker_header, worker_.str());
    auto events = std::move(reading.kept);
    auto place = reading.place;
    auto is_there = co_await call.exchange.start(std::move(head));
    while (is_there && execution->is_reader(reader)) {
        if (events.empty()) {
            co_await execution->news().wait();
        } else {
            auto text = sse_text(events);
            is_there = co_await call.exchange.write(std::move(text));
            crash_point(CrashPoint::token_sent_not_acknowledged);
        }
        if (is_there && !events.empty() && ends_with_last(events)) {
            co_await call.exchange.finish();
            break;
        }
        events = book_.behind(execution->key(), place);
        if (!events.empty()) place = events.back().place;
    }
    execution->remove_reader(reader);
}

net::Response Executions::acknowledge(const http_api::Call& call) {
    const auto key = key_of(call);
    if (!key) return call.refuse(bad_attempt());
    const auto said = http_api::read_body<contracts::Acknowledge>(call.request());
    if (!said) return call.refuse(said.error());
    if (const auto taken = store(*key, *said); !taken) return call.refuse(taken.error());
    crash_point(CrashPoint::acknowledged_not_answered);
    const auto lease = std::chrono::floor<std::chrono::milliseconds>(book_.limits().lease);
    return http_api::json_answer(call.route.status, contracts::Acknowledged{static_cast<std::uint64_t>(lease.count())});
}

Executions::Answer<void> Executions::store(const pool::ExecutionKey& key, const contracts::Acknowledge& said) {
    if (auto reached = check_reached(key, said.through, "through"); !reached) return reached;
    const auto now = BootClock::now();
    const auto goes_on = book_.acknowledge(key, said.through, now);
    if (!goes_on) return std::unexpected(execution_refused(goes_on.error(), key, book_.limits().executions_max));
    watch_leases();
    const auto execution = executions_.at(key);
    if (*goes_on && execution->is_paused()) go_on(execution);
    if (!said.done.value_or(false)) return {};
    if (!execution->has_ended()) return std::unexpected(not_done());
    book_.release(key);
    forget(key, "stored");
    return {};
}

net::Response Executions::cancel(const http_api::Call& call) {
    const auto key = key_of(call);
    if (!key) return call.refuse(bad_attempt());
    end(*key);
    return http_api::empty_answer(call.route.status);
}

/// Refuses a token that is not said yet. Of an execution that is not here the book knows more.
Executions::Answer<void> Executions::check_reached(const pool::ExecutionKey& key, std::optional<std::uint64_t> token,
                                                   std::string_view name) const {
    const auto known = executions_.find(key);
    if (!token || known == executions_.end() || *token < known->second->tokens()) return {};
    return std::unexpected(not_said_yet(name, *token, known->second->tokens()));
}

void Executions::update_metrics() {
    std::array<double, 3> counts{};
    for (const auto& [key, execution] : executions_)
        ++counts.at(static_cast<std::size_t>(book_.state_of(key).value_or(ExecutionState::ended)));
    for (const auto state : {ExecutionState::running, ExecutionState::paused, ExecutionState::ended})
        metrics_.set("rbees_executions", counts.at(static_cast<std::size_t>(state)), {reflect::name_of(state)});
}

/// Starts the engine's work, or the rest of it. False if no thread is free.
bool Executions::ask(const Handle& execution) {
    auto stream = std::make_shared<AnswerStream>(io_, waiting_bytes_max);
    auto call = execution->next_call(engine_.capabilities().model_hash);
    const auto admission = readers_.start([stream, &engine = engine_, call = std::move(call)]() mutable {
        stream->run_checked(engine, std::move(call));
    });
    if (admission == Admission::full) return false;
    execution->follow(stream);
    boost::asio::co_spawn(io_, follow(execution, std::move(stream), execution->running()), boost::asio::detached);
    return true;
}

/// Runs until the engine has let go, also of an execution that was stopped: `running` lets the worker's end wait for
/// that.
net::Task<void> Executions::follow(Handle execution, std::shared_ptr<AnswerStream> stream,
                                   [[maybe_unused]] std::shared_ptr<const TaskBook::Entry> running) {
    auto events = co_await stream->take_events();
    while (!events.empty()) {
        if (!stream->stopped()) take(*execution, std::move(events));
        events = co_await stream->take_events();
    }
    if (stream->stopped() || execution->has_ended()) co_return;
    fail(*execution, {contracts::ErrorCode::INTERNAL, "The engine stopped in the middle.", false});
}

/// Whatever came at once goes into the book before the generation pauses, so that nothing is generated twice.
void Executions::take(Execution& execution, std::vector<engine::Event> events) {
    for (auto& event : events) {
        if (execution.has_ended()) return;
        std::visit([&](auto& each) { take(execution, each); }, event);
    }
    crash_point(execution.has_ended() ? CrashPoint::end_made_not_sent : CrashPoint::token_made_not_sent);
    execution.news().ring();
    if (book_.state_of(execution.key()) != ExecutionState::paused) return;
    execution.pause();
    if (!execution.is_paused()) return;
    pauses_.add();
    log_.debug("paused, because its buffer is full",
               {{"job", execution.key().job.str()}, {"attempt", execution.key().attempt}});
}

void Executions::take(Execution& execution, const engine::Started& started) {
    execution.settle({});
    if (!execution.note(started)) return;
    if (started.continuable == engine::Continuable::no) book_.let_grow(execution.key());
    push(execution, wire_event(started, engine_.capabilities().model_hash, execution.tokens()));
}

void Executions::take(Execution& execution, const engine::Said& said) {
    if (execution.note(said)) return push(execution, wire_event(said));
    fail(execution, {contracts::ErrorCode::INTERNAL, "The engine lost its place in the answer.", false});
    execution.pause();
}

void Executions::take(Execution& execution, const engine::Ended& ended) {
    execution.note_end();
    completed_.add();
    push(execution, wire_event(ended));
}

/// Before anything else it refuses the order. That an answer cannot be continued is no fault of the order, though: orcd
/// could not tell it from a worker that cannot take it now.
void Executions::take(Execution& execution, const engine::ApiError& error) {
    constexpr int not_continuable = 409;
    if (execution.is_settled() || error.status == not_continuable) return fail(execution, execution_error(error));
    execution.settle(std::unexpected(order_refusal(error)));
    execution.note_end();
    const auto key = execution.key();
    book_.withdraw(key);
    forget(key, "refused");
}

void Executions::fail(Execution& execution, const contracts::ExecutionError& error) {
    execution.settle({});
    execution.note_end();
    failed_.add();
    log_.warning("an execution failed", {{"job", execution.key().job.str()},
                                         {"attempt", execution.key().attempt},
                                         {"code", reflect::name_of(error.code)},
                                         {"message", error.message}});
    push(execution, wire_event(error));
    execution.news().ring();
}

/// That it must pause is seen when all that came is in the book.
void Executions::push(Execution& execution, pool::ExecutionEvent event) {
    static_cast<void>(book_.push(execution.key(), std::move(event)));
}

void Executions::go_on(const Handle& execution) {
    if (ask(execution)) return;
    fail(*execution, {contracts::ErrorCode::WORKER_UNAVAILABLE, "The worker has no thread to go on with.", false});
}

void Executions::end(const pool::ExecutionKey& key) {
    book_.cancel(key, BootClock::now());
    forget(key, "cancelled");
}

/// Takes it out of the map; out of the book it is already.
void Executions::forget(pool::ExecutionKey key, std::string_view why) {
    const auto found = executions_.find(key);
    if (found == executions_.end()) return;
    const auto execution = std::move(found->second);
    executions_.erase(found);
    if (!execution->has_ended()) cancelled_.add();
    log_.debug("an execution is over", {{"job", key.job.str()}, {"attempt", key.attempt}, {"why", why}});
    execution->settle(std::unexpected(was_cancelled()));
    execution->stop();
    watch_leases();
}

/// One timer for the lease that ends first.
void Executions::watch_leases() {
    const auto next = book_.next_expiry();
    if (!next) return static_cast<void>(lease_.cancel());
    lease_.expires_at(*next);
    lease_.async_wait([this](boost::system::error_code error) {
        if (!error) end_leases();
    });
}

void Executions::end_leases() {
    for (const auto& key : book_.expire(BootClock::now())) {
        leases_ended_.add();
        log_.warning("nobody renewed the lease of an execution, so it is given up",
                     {{"job", key.job.str()}, {"attempt", key.attempt}});
        forget(key, "its lease ended");
    }
    watch_leases();
}

}  // namespace rbees::workerd
