#include "inference.hpp"

#include <array>
#include <optional>
#include <utility>

#include "limits.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/contracts/limits.hpp"
#include "rbees/contracts/workers.hpp"
#include "refusals.hpp"
#include "stream_tail.hpp"

namespace rbees::workerd {
namespace {

using contracts::Problem;
using std::string_view_literals::operator""sv;

constexpr std::string_view event_stream = "text/event-stream";

constexpr std::array outcome_names{std::pair{Outcome::ok, "ok"sv}, std::pair{Outcome::refused, "refused"sv},
                                   std::pair{Outcome::failed, "failed"sv}, std::pair{Outcome::cancelled, "cancelled"sv},
                                   std::pair{Outcome::left, "left"sv}};

std::expected<TaskId, Problem> task_of(const net::Request& request) {
    const auto given = request.headers.find(contracts::task_header);
    if (!given) return new_id<TaskId>();
    if (!is_valid_id(*given)) {
        return std::unexpected(bad_header(contracts::task_header, "1 to 128 of letters, digits and ._:-"));
    }
    return TaskId(std::string(*given));
}

engine::TokenIds ids_of(const net::Request& request) {
    return request.headers.find(contracts::ids_header) == "1"sv ? engine::TokenIds::included
                                                                : engine::TokenIds::left_out;
}

Outcome outcome_of(int status) {
    if (status < 400) return Outcome::ok;
    return status < 500 ? Outcome::refused : Outcome::failed;
}

Outcome outcome_of(Stopped why) {
    return why == Stopped::by_task ? Outcome::cancelled : Outcome::left;
}

}  // namespace

Inference::Inference(std::unique_ptr<engine::Engine> engine, Surroundings surroundings)
    : io_(surroundings.io),
      engine_(std::move(engine)),
      worker_(std::move(surroundings.worker)),
      tasks_(std::move(surroundings.tasks)),
      log_(std::move(surroundings.log)),
      epochs_(surroundings.epochs),
      answers_max_(engine_->capabilities().slots + waiting_answers_max),
      readers_(answers_max_) {
    for (const auto& [outcome, name] : outcome_names) {
        outcomes_.emplace(outcome, surroundings.metrics.counter("worker_requests_total", {name}));
    }
}

net::Task<void> Inference::serve(http_api::Call& call, engine::Operation operation, Beginning beginning) {
    auto admitted = admit(call, operation, beginning);
    if (!admitted) {
        count(outcome_of(admitted.error().status()));
        auto refusal = call.refuse(admitted.error());
        co_await call.exchange.respond(std::move(refusal));
        co_return;
    }
    call.exchange.when_client_leaves([stream = admitted->stream] { stream->cancel(Stopped::client_left); });
    const auto outcome = co_await relay(call, admitted->stream, admitted->task);
    count(outcome);
    log_.debug("answered", {{"task", admitted->task.str()},
                            {"operation", call.route.operation},
                            {"outcome", outcome_names.at(static_cast<std::size_t>(outcome)).second},
                            {"request_id", call.request_id}});
}

std::expected<Inference::Admitted, Problem> Inference::admit(http_api::Call& call, engine::Operation operation,
                                                             Beginning beginning) {
    auto& request = call.exchange.request();
    if (auto passed = epochs_.check(request); !passed) return std::unexpected(std::move(passed.error()));
    const auto& capabilities = engine_->capabilities();
    if (!can_do(capabilities.kind, operation)) return std::unexpected(wrong_kind(capabilities, operation));
    auto task = task_of(request);
    if (!task) return std::unexpected(std::move(task.error()));
    auto stream = std::make_shared<AnswerStream>(io_, waiting_bytes_max);
    auto entry = tasks_->begin(*task, [stream] { stream->cancel(Stopped::by_task); }, BootClock::now());
    if (!entry) return std::unexpected(was_cancelled());
    engine::Call engine_call{.operation = operation, .body = std::move(request.body), .ids = ids_of(request)};
    engine_call.task = task->str();
    if (auto started = start(stream, std::move(engine_call), beginning); !started)
        return std::unexpected(std::move(started.error()));
    return Admitted{std::move(*task), std::move(stream), std::move(*entry)};
}

std::expected<void, Problem> Inference::start(const std::shared_ptr<AnswerStream>& stream, engine::Call call,
                                              Beginning beginning) {
    const auto run = beginning == Beginning::anew ? &AnswerStream::run : &AnswerStream::run_continuation;
    const auto admission = readers_.start([stream, run, engine = engine_.get(), call = std::move(call)]() mutable {
        (stream.get()->*run)(*engine, std::move(call));
    });
    if (admission == Admission::full) return std::unexpected(too_many_answers(answers_max_));
    return {};
}

net::Task<Outcome> Inference::relay(http_api::Call& call, std::shared_ptr<AnswerStream> stream, TaskId task) {
    auto opening = co_await stream->opening();
    if (!opening) {
        auto refusal = call.refuse(opening.error());
        co_await call.exchange.respond(std::move(refusal));
        const auto why = stream->stopped();
        co_return why ? outcome_of(*why) : outcome_of(opening.error().status());
    }
    net::Response head{.status = opening->status};
    head.headers.set("Content-Type", opening->content_type);
    head.headers.set(contracts::worker_header, worker_.str());
    head.headers.set(contracts::task_header, task.str());
    if (opening->content_type.starts_with(event_stream)) {
        const auto streamed = co_await relay_stream(call, std::move(stream), std::move(head));
        co_return streamed;
    }
    const auto whole = co_await relay_whole(call, std::move(stream), std::move(head));
    co_return whole;
}

net::Task<Outcome> Inference::relay_stream(http_api::Call& call, std::shared_ptr<AnswerStream> stream,
                                           net::Response head) {
    head.headers.set("Cache-Control", "no-store");
    StreamTail tail;
    auto is_there = co_await call.exchange.start(std::move(head));
    while (is_there) {
        auto pieces = co_await stream->take();
        if (pieces.empty()) break;
        tail.note(pieces);
        is_there = co_await call.exchange.write(std::move(pieces));
    }
    if (!is_there) stream->cancel(Stopped::client_left);
    // Without `finish` the connection is cut: half a stream never looks whole.
    if (const auto why = stream->stopped()) co_return outcome_of(*why);
    co_await call.exchange.finish();
    co_return tail.is_whole() ? Outcome::ok : Outcome::failed;
}

net::Task<Outcome> Inference::relay_whole(http_api::Call& call, std::shared_ptr<AnswerStream> stream,
                                          net::Response answer) {
    while (answer.body.size() <= contracts::whole_answer_max.value) {
        auto pieces = co_await stream->take();
        if (pieces.empty()) break;
        if (answer.body.empty()) {
            answer.body = std::move(pieces);
        } else {
            answer.body += pieces;
        }
    }
    const auto why = stream->stopped();
    if (answer.body.size() > contracts::whole_answer_max.value) {
        stream->cancel(Stopped::by_task);
        answer = call.refuse(contracts::answer_too_large());
    } else if (why) {
        answer = call.refuse(was_cancelled());
    }
    const auto status = answer.status;
    const auto is_there = co_await call.exchange.respond(std::move(answer));
    if (why) co_return outcome_of(*why);
    co_return is_there ? outcome_of(status) : Outcome::left;
}

void Inference::count(Outcome outcome) {
    outcomes_.at(outcome).add();
}

}  // namespace rbees::workerd
