#include "client.hpp"

#include <fmt/format.h>

#include <chrono>

#include "rbees/control/task_request.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::simulation {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

constexpr Duration answer_limit = std::chrono::seconds(10);
constexpr Duration chat_limit = std::chrono::seconds(400);  ///< more than `queue.wait`
constexpr Duration pause_shortest = std::chrono::milliseconds(100);
constexpr Duration pause_longest = std::chrono::seconds(2);
constexpr Duration repeat_longest = std::chrono::seconds(60);
constexpr std::uint32_t repeats_per_mille = 300;

/// A client without a key cannot know whether a submission without an answer was taken.
constexpr std::string_view gives_up = "gives up";

}  // namespace

Client::Client(Stage& stage, Orcd& orcd, const ClientPlan& plan, std::uint32_t number)
    : stage_(stage),
      orcd_(orcd),
      plan_(plan),
      process_(stage.agenda, fmt::format("client-{}", number), client_host),
      random_(stage.seed, process_.name()) {}

void Client::start() {
    process_.start();
    if (plan_.kind == ClientKind::chat) return chat();
    if (plan_.kind == ClientKind::session) return open_session();
    if (plan_.cancel_after) process_.after(*plan_.cancel_after, [this] { cancel(); });
    submit();
}

std::string Client::state() const {
    if (plan_.kind != ClientKind::task) return "its answer";
    if (job_.empty()) return "the answer to its submission";
    return fmt::format("the end of job {}; it has {} frames", job_.str(), frames_);
}

std::optional<std::string> Client::key() const {
    if (!plan_.has_key) return std::nullopt;
    return "key of " + process_.name();
}

std::string Client::body() const {
    reflect::json::object body{{"model", plan_.model}, {"prompt", plan_.prompt}, {"max_tokens", plan_.tokens_max}};
    if (plan_.seed) body["seed"] = *plan_.seed;
    if (plan_.session) body["session_id"] = *plan_.session;
    if (plan_.is_batch) body["priority"] = "batch";
    if (plan_.deadline) {
        body["deadline_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(*plan_.deadline).count();
    }
    return reflect::to_text(body);
}

void Client::submit() {
    auto request = control::read_task_request(body());
    if (!request) return stage_.verdict.wrong("client", request.error().detail);
    const control::Submission submission{
        .owner = TokenId(fmt::format("owner-{}", plan_.owner)), .request = std::move(*request), .key = key()};
    stage_.network.call<SubmitAnswer>(
        {process_, orcd_.process(), answer_limit},
        [this, submission](std::function<void(SubmitAnswer)> answer) { orcd_.submit(submission, std::move(answer)); },
        [this](std::expected<SubmitAnswer, CallFailure> answer) { submitted(std::move(answer)); });
}

void Client::submitted(std::expected<SubmitAnswer, CallFailure> answer) {
    const auto pause = random_.between(pause_shortest, pause_longest);
    if (!answer) {
        const auto why = answer.error();
        const bool may_repeat = plan_.has_key || why == CallFailure::refused || why == CallFailure::cut_off;
        if (may_repeat) return void(process_.after(pause, [this] { submit(); }));
        stage_.note(name(), gives_up);
        stage_.count("submissions without an answer");
        is_done_ = true;
        return;
    }
    if (!*answer) return refused(answer->error());
    if (answer_ && *answer_ != **answer) {
        return stage_.verdict.wrong(
            "idempotency", fmt::format("{} got two answers under one key: {} and {}", name(), *answer_, **answer));
    }
    if (std::exchange(answer_, **answer)) return;  // it had it
    const auto accepted = reflect::from_json_text<contracts::TaskAccepted>(**answer);
    if (!accepted) return stage_.verdict.wrong("client", "an answer that is none: " + **answer);
    job_ = accepted->job_id;
    stage_.note(name(), "accepted", job_.str());
    stage_.count("tasks accepted");
    if (plan_.has_key && random_.chance(repeats_per_mille)) repeat_submission();
    watch();
}

void Client::refused(const Problem& problem) {
    stage_.count("submissions refused: " + std::string(reflect::name_of(problem.code)));
    if (repeats_after(problem, [this] { submit(); })) return;
    if (is_by_session(problem)) {
        is_done_ = true;
        return;
    }
    stage_.verdict.wrong("client", fmt::format("{} was refused: {}", name(), problem.detail));
}

/// The same once more, whatever became of the first.
void Client::repeat_submission() {
    stage_.count("submissions repeated");
    process_.after(random_.between(pause_shortest, repeat_longest), [this] { submit(); });
}

void Client::cancel() {
    if (job_.empty())
        return void(process_.after(pause_longest, [this] {
            if (!is_done_) cancel();
        }));
    stage_.network.call<CancelAnswer>(
        {process_, orcd_.process(), answer_limit},
        [this](std::function<void(CancelAnswer)> answer) {
            stage_.ledger.cancel_wanted(job_);
            orcd_.cancel(job_, std::move(answer));
        },
        [this](std::expected<CancelAnswer, CallFailure> answer) {
            if (answer) return;
            process_.after(pause_longest, [this] {
                if (!is_done_) cancel();
            });
        });
}

void Client::watch() {
    stage_.network.call<std::shared_ptr<PieceChannel>>(
        {process_, orcd_.process(), answer_limit},
        [this, after = frames_](const std::function<void(std::shared_ptr<PieceChannel>)>& answer) {
            answer(orcd_.watch(process_, job_, after));
        },
        [this](std::expected<std::shared_ptr<PieceChannel>, CallFailure> answer) {
            if (!answer) return watch_again();
            channel_ = std::move(*answer);
            channel_->on_news([this] { came(); });
            came();
        });
}

void Client::watch_again() {
    channel_.reset();
    stage_.count("readers came back");
    process_.after(random_.between(pause_shortest, pause_longest), [this] { watch(); });
}

void Client::disconnect() {
    if (channel_ && !is_done_) watch_again();
}

void Client::came() {
    while (channel_ && !is_done_) {
        const auto piece = channel_->take();
        if (!piece) break;
        if (!*piece)
            return stage_.verdict.wrong("client", fmt::format("{} cannot read: {}", name(), piece->error().detail));
        take(**piece);
    }
    if (channel_ && !is_done_ && channel_->is_over()) watch_again();
}

void Client::take(const control::FramePiece& piece) {
    if (piece.first != frames_ + 1) {
        return stage_.verdict.wrong("stream", fmt::format("{} got frame {} after {}", name(), piece.first, frames_));
    }
    for (const auto& frame : piece.frames) {
        if (has_end_) stage_.verdict.wrong("stream", fmt::format("{} got more than the end", name()));
        has_end_ = frame.event == "end" || frame.event == "error";
        stage_.note(name(), "reads", frame.data, ++frames_);
    }
    if (!piece.is_end) return;
    if (!has_end_) stage_.verdict.wrong("stream", fmt::format("the stream of {} ends without an end", name()));
    is_done_ = true;
    channel_.reset();
    stage_.count("streams read to the end");
}

void Client::chat() {
    const reflect::json::object message{{"role", "user"}, {"content", plan_.prompt}};
    const reflect::json::object request{{"messages", reflect::json::array{message}},
                                        {"seed", plan_.seed.value_or(1)},
                                        {"max_tokens", plan_.tokens_max}};
    const PlannedAnswer what(request);
    stage_.network.call<ChatAnswer>(
        {process_, orcd_.process(), chat_limit},
        [this, what](std::function<void(ChatAnswer)> answer) {
            orcd_.chat(ModelId(plan_.model), TokenId(fmt::format("owner-{}", plan_.owner)), what, std::move(answer));
        },
        [this](const std::expected<ChatAnswer, CallFailure>& answer) {
            const bool is_answered = answer && *answer;
            stage_.count(is_answered ? "requests answered" : "requests failed");
            is_done_ = true;
        });
}

}  // namespace rbees::simulation
