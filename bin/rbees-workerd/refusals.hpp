#pragma once
/// @file
/// What a worker says when it refuses: each problem of the worker's own in one place.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/pool_core/execution_book.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::workerd {

/// 503: no model yet. `progress` from 0 to 1.
[[nodiscard]] contracts::Problem still_loading(const ModelId& model, double progress);

/// 503: finishing what runs, taking nothing new.
[[nodiscard]] contracts::Problem not_taking_work(const ModelId& model);

/// 400: the body cannot be read.
[[nodiscard]] contracts::Problem not_json(const reflect::ParseError& error);

/// 400: a header that the worker wire defines has a value that it does not.
[[nodiscard]] contracts::Problem bad_header(std::string_view name, std::string_view rule);

/// 400: the model is of another kind; says which routes it has.
[[nodiscard]] contracts::Problem wrong_kind(const engine::Capabilities& capabilities, engine::Operation operation);

/// 409: the slot ticket is from before an eviction.
[[nodiscard]] contracts::Problem old_epoch(std::uint64_t epoch, std::uint64_t newest);

/// 429: every reader has an answer.
[[nodiscard]] contracts::Problem too_many_answers(std::size_t answers_max);

/// 499: stopped by task id, now or before it came.
[[nodiscard]] contracts::Problem was_cancelled();

/// 409: an answer of another model cannot go on here. Points to `/model_hash`.
[[nodiscard]] contracts::Problem other_model(std::string_view wanted, std::string_view own);

/// 429: `executions_max` executions are kept.
[[nodiscard]] contracts::Problem too_many_executions(std::size_t executions_max);

/// 404, 409 (points to `/attempt`) or 429: what the book of executions says. `executions_max` is its bound.
[[nodiscard]] contracts::Problem execution_refused(pool::ExecutionRefusal refusal, const pool::ExecutionKey& key,
                                                   std::size_t executions_max);

/// 400: the path of an execution names no attempt, or `after` no token.
[[nodiscard]] contracts::Problem bad_attempt();
[[nodiscard]] contracts::Problem bad_after();

/// 400: a token that was not said yet is said to be here or stored. `name` is the member or parameter.
[[nodiscard]] contracts::Problem not_said_yet(std::string_view name, std::uint64_t token, std::uint64_t tokens);

/// 409: an execution that runs is not done.
[[nodiscard]] contracts::Problem not_done();

/// Whether a model of this kind has the operation.
[[nodiscard]] bool can_do(engine::Kind kind, engine::Operation operation);

}  // namespace rbees::workerd
