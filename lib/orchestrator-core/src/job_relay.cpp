#include "rbees/orchestrator_core/job_relay.hpp"

#include <fmt/format.h>

#include <utility>

#include <boost/describe/class.hpp>

#include "rbees/base/assert.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ExecutionToken;

// Frames as clients see them (surfaces: the stream of a task).

struct StartedFrame {
    JobId job_id;
    std::uint32_t attempt = 0;
    std::optional<WorkerId> worker_id;
    bool continuable = false;
};
BOOST_DESCRIBE_STRUCT(StartedFrame, (), (job_id, attempt, worker_id, continuable))

struct TokenFrame {
    std::string t;
    std::uint64_t i = 0;
    std::optional<std::uint64_t> n;  ///< if there are several
    std::optional<reflect::json::object> delta;
};
BOOST_DESCRIBE_STRUCT(TokenFrame, (), (t, i, n, delta))

Frame frame_of(ExecutionToken token) {
    TokenFrame frame{std::move(token.t), token.i, std::nullopt, std::move(token.delta)};
    if (token.ids.size() != 1) frame.n = token.ids.size();
    return {"token", reflect::to_json_text(frame)};
}

/// What it takes while it waits, roughly.
std::size_t size_of(const ExecutionToken& token) {
    const auto delta = token.delta ? reflect::to_text(*token.delta).size() : 0;
    return sizeof token + token.t.size() + token.ids.size() * sizeof(std::int32_t) + delta;
}

/// Text after text makes one frame; reasoning and tool calls stay as they came.
bool joins(const ExecutionToken& token, const ExecutionToken& next) {
    return !token.delta && !next.delta;
}

FailNow broken(std::string what) {
    return {AttemptFault::engine_error, {contracts::ErrorCode::WORKER_UNAVAILABLE, std::move(what), true}};
}

}  // namespace

JobRelay::JobRelay(const Job& job)
    : job_(job.id),
      attempt_(job.attempt),
      worker_(job.worker),
      next_(job.generated.value),
      stored_(job.generated.value),
      has_started_(job.frames > 1) {}

RelayActions JobRelay::accepted() const {
    return {AttachNow{last_of(next_)}};
}

RelayActions JobRelay::started(const contracts::ExecutionStart& start) {
    if (last_ || std::exchange(knows_start_, true)) return {};  // told again after the stream broke
    pending_.start = start;
    return {};
}

RelayActions JobRelay::idle() {
    if (last_) return {};
    return flush();
}

RelayActions JobRelay::token(ExecutionToken token) {
    if (last_) return {};
    const bool is_repeated = token.i + token.ids.size() <= next_;  // it came before the stream broke
    if (is_repeated && !planted(Bug::repeated_tokens)) return {};
    if (token.i != next_ && !is_repeated) {
        return finish(broken(fmt::format("the worker sent token {} where {} was due", token.i, next_)));
    }
    next_ += token.ids.size();
    pending_.bytes += size_of(token);
    if (!pending_.tokens.empty() && joins(pending_.tokens.back(), token)) {
        auto& before = pending_.tokens.back();
        before.t += token.t;
        before.ids.insert(before.ids.end(), token.ids.begin(), token.ids.end());
    } else {
        pending_.tokens.push_back(std::move(token));
    }
    return flush();
}

RelayActions JobRelay::ended(contracts::ExecutionEnd end) {
    return finish(CompleteNow{std::move(end)});
}

RelayActions JobRelay::failed(AttemptFault fault, contracts::TaskError error) {
    return finish(FailNow{fault, std::move(error)});
}

RelayActions JobRelay::disconnected() const {
    if (last_) return {};
    return {AttachNow{last_of(next_)}};
}

RelayActions JobRelay::stored() {
    RBEES_ASSERT(submitted_.has_value());
    stored_ += submitted_->tokens.value;
    submitted_.reset();
    RelayActions actions{AckNow{last_of(stored_)}};
    for (auto& action : flush()) {
        actions.push_back(std::move(action));
    }
    return actions;
}

AckNow JobRelay::renewal() const {
    return {last_of(planted(Bug::early_acknowledgement) ? next_ : stored_)};
}

/// Submits what waits; when nothing does, what ends the attempt.
RelayActions JobRelay::flush() {
    if (submitted_) return {};
    if (pending_.start || !pending_.tokens.empty()) {
        submitted_ = take_pending();
        return {*submitted_};
    }
    if (last_) return {*last_};
    return {};
}

RelayActions JobRelay::finish(RelayAction last) {
    if (last_) return {};
    last_ = std::move(last);
    return flush();
}

StoreNow JobRelay::take_pending() {
    auto pending = std::exchange(pending_, {});
    StoreNow store;
    if (pending.start && !std::exchange(has_started_, true)) {
        const StartedFrame started{job_, attempt_, worker_, pending.start->continuable};
        store.frames.push_back({"started", reflect::to_json_text(started)});
    }
    store.start = std::move(pending.start);
    for (auto& token : pending.tokens) {
        store.ids.insert(store.ids.end(), token.ids.begin(), token.ids.end());
        store.tokens += Tokens(token.ids.size());
        store.frames.push_back(frame_of(std::move(token)));
    }
    return store;
}

/// The index of the last of so many tokens.
std::optional<std::uint64_t> JobRelay::last_of(std::uint64_t count) const {
    if (count == 0) return std::nullopt;
    return count - 1;
}

}  // namespace rbees::orchestrator
