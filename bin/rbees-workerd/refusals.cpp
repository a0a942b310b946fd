#include "refusals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "limits.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::workerd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using engine::Kind;
using engine::Operation;

constexpr std::int64_t retry_soon_ms = 1000;

struct OperationRow {
    Operation operation;
    std::string_view route;
    std::string_view name;
    std::array<bool, 3> kinds;  ///< chat, embedding, rerank
};

constexpr std::array operations{
    OperationRow{Operation::chat, "POST /v1/chat/completions", "chat", {true, false, false}},
    OperationRow{Operation::completion, "POST /v1/completions", "complete texts", {true, false, false}},
    OperationRow{Operation::embedding, "POST /v1/embeddings", "make embeddings", {false, true, false}},
    OperationRow{Operation::rerank, "POST /v1/rerank", "rerank documents", {false, false, true}},
    OperationRow{Operation::tokenize, "POST /tokenize", "tokenize", {true, true, true}},
    OperationRow{Operation::detokenize, "POST /detokenize", "detokenize", {true, true, true}},
    OperationRow{Operation::apply_template, "POST /apply-template", "apply a chat template", {true, false, false}},
};

const OperationRow& row_of(Operation operation) {
    return *std::ranges::find(operations, operation, &OperationRow::operation);
}

std::string_view word_for(Kind kind) {
    constexpr std::array<std::string_view, 3> words{"a chat model", "an embedding model", "a rerank model"};
    return words.at(static_cast<std::size_t>(kind));
}

}  // namespace

Problem still_loading(const ModelId& model, double progress) {
    return {.code = ErrorCode::WORKER_UNAVAILABLE,
            .detail = fmt::format("the model {} is being loaded: {:.0f} %", model.str(), progress * 100),
            .hint = "GET /health says when it is ready",
            .retry_after_ms = retry_soon_ms};
}

Problem not_taking_work(const ModelId& model) {
    return {.code = ErrorCode::WORKER_UNAVAILABLE,
            .detail = fmt::format("this worker of {} is stopping and takes no new work", model.str()),
            .hint = "ask another worker"};
}

Problem not_json(const reflect::ParseError& error) {
    return {.code = ErrorCode::INVALID_PARAMS,
            .detail = fmt::format("the body is not JSON that can be read: {} at byte {}", error.message, error.offset)};
}

Problem bad_header(std::string_view name, std::string_view rule) {
    return {.code = ErrorCode::INVALID_PARAMS, .detail = fmt::format("the header {} must be {}", name, rule)};
}

Problem wrong_kind(const engine::Capabilities& capabilities, Operation operation) {
    std::string routes;
    for (const auto& row : operations) {
        if (!can_do(capabilities.kind, row.operation)) continue;
        if (!routes.empty()) routes += ", ";
        routes += row.route;
    }
    return {.code = ErrorCode::MODEL_INCOMPATIBLE,
            .detail = fmt::format("{} is {} and cannot {}; it answers {}", capabilities.model,
                                  word_for(capabilities.kind), row_of(operation).name, routes)};
}

Problem old_epoch(std::uint64_t epoch, std::uint64_t newest) {
    return {.code = ErrorCode::CONFLICT,
            .detail = fmt::format("the slot ticket is of epoch {}, but this worker has seen epoch {}", epoch, newest),
            .hint = "route the request again"};
}

Problem too_many_answers(std::size_t answers_max) {
    return {.code = ErrorCode::QUEUE_FULL,
            .detail = fmt::format("this worker answers {} requests already, and more may not wait here", answers_max),
            .hint = "send requests through rbees-orcd, which queues them",
            .limit = "waiting_answers_max",
            .retry_after_ms = retry_soon_ms};
}

Problem was_cancelled() {
    return {.code = ErrorCode::CANCELLED, .detail = "the task was cancelled"};
}

Problem other_model(std::string_view wanted, std::string_view own) {
    return {.code = ErrorCode::CONFLICT,
            .detail = fmt::format("the execution is for the model with hash {}, but this worker's has {}", wanted, own),
            .hint = "send it to a worker with that model",
            .errors = {{"/model_hash", "is not this worker's"}}};
}

Problem too_many_executions(std::size_t executions_max) {
    return {.code = ErrorCode::QUEUE_FULL,
            .detail = fmt::format("this worker keeps {} executions already", executions_max),
            .hint = "send it to another worker, or later",
            .limit = "executions_max",
            .retry_after_ms = retry_soon_ms};
}

Problem execution_refused(pool::ExecutionRefusal refusal, const pool::ExecutionKey& key, std::size_t executions_max) {
    const auto name = fmt::format("attempt {} of job {}", key.attempt, key.job.str());
    switch (refusal) {
        case pool::ExecutionRefusal::unknown:
            return {.code = ErrorCode::NOT_FOUND,
                    .detail = fmt::format("there is no {}: it was never here, or it is over", name),
                    .hint = "start the next attempt"};
        case pool::ExecutionRefusal::fenced:
            return {.code = ErrorCode::CONFLICT,
                    .detail = fmt::format("{} is over, or this worker has seen a newer one", name),
                    .hint = "start the next attempt",
                    .errors = {{"/attempt", "is over or outdated"}}};
        case pool::ExecutionRefusal::full:
            break;
    }
    return too_many_executions(executions_max);
}
Problem bad_attempt() {
    return {.code = ErrorCode::INVALID_PARAMS,
            .detail =
                "the path must name a job (1 to 128 of letters, digits and ._:-) and an attempt (a whole number of "
                "32 bits)"};
}

Problem bad_after() {
    return {.code = ErrorCode::INVALID_PARAMS, .detail = "'after' must be the index of a token, a whole number"};
}

Problem not_said_yet(std::string_view name, std::uint64_t token, std::uint64_t tokens) {
    return {.code = ErrorCode::INVALID_PARAMS,
            .detail = fmt::format("'{}' is token {}, but the execution has said {} tokens, counted from 0", name, token,
                                  tokens),
            .errors = {{fmt::format("/{}", name), "is not said yet"}}};
}

Problem not_done() {
    return {.code = ErrorCode::CONFLICT,
            .detail = "the execution has not ended, so its end cannot be stored",
            .hint = "DELETE cancels it"};
}

bool can_do(Kind kind, Operation operation) {
    return row_of(operation).kinds.at(static_cast<std::size_t>(kind));
}

}  // namespace rbees::workerd
