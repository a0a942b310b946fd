#pragma once
/// @file
/// Every error code of every API, with its HTTP status, once. A code exists only if a client can react to it.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <boost/describe/enum.hpp>

namespace rbees::contracts {

enum class ErrorCode : std::uint8_t {
    INVALID_PARAMS,
    UNAUTHORIZED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    CONFLICT,
    GONE,
    IDEMPOTENCY_MISMATCH,
    BODY_TOO_LARGE,
    LIMIT_EXCEEDED,
    BUDGET_EXCEEDED,
    QUEUE_FULL,
    ADMISSION_REJECT,
    QUEUE_FULL_DROP_LRU,
    MODEL_NOT_FOUND,
    MODEL_INCOMPATIBLE,
    MODEL_LOAD_FAILED,
    POOL_UNAVAILABLE,
    WORKER_NOT_FOUND,
    WORKER_UNAVAILABLE,
    WORKER_TIMEOUT,
    WORKER_START_FAILED,
    WORKER_START_TIMEOUT,
    INSUFFICIENT_MEMORY,
    INSUFFICIENT_VRAM,
    GPU_UNAVAILABLE,
    CONTEXT_TOO_LONG,
    DEADLINE_UNMET,
    CANCELLED,
    STORAGE_FULL,
    STORAGE_FAILED,
    STORAGE_DAMAGED,
    INTERNAL,
};
BOOST_DESCRIBE_ENUM(ErrorCode, INVALID_PARAMS, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, CONFLICT, GONE,
                    IDEMPOTENCY_MISMATCH, BODY_TOO_LARGE, LIMIT_EXCEEDED, BUDGET_EXCEEDED, QUEUE_FULL, ADMISSION_REJECT,
                    QUEUE_FULL_DROP_LRU, MODEL_NOT_FOUND, MODEL_INCOMPATIBLE, MODEL_LOAD_FAILED, POOL_UNAVAILABLE,
                    WORKER_NOT_FOUND, WORKER_UNAVAILABLE, WORKER_TIMEOUT, WORKER_START_FAILED, WORKER_START_TIMEOUT,
                    INSUFFICIENT_MEMORY, INSUFFICIENT_VRAM, GPU_UNAVAILABLE, CONTEXT_TOO_LONG, DEADLINE_UNMET,
                    CANCELLED, STORAGE_FULL, STORAGE_FAILED, STORAGE_DAMAGED, INTERNAL)

enum class Retry : bool { pointless, sensible };

struct ErrorRow {
    ErrorCode code;
    int status;              ///< HTTP
    Retry retry;             ///< whether the same request may succeed later
    std::string_view title;  ///< a short sentence for people
};

/// The table, in the order of the enum.
[[nodiscard]] std::span<const ErrorRow> error_table();

[[nodiscard]] const ErrorRow& row_of(ErrorCode code);

}  // namespace rbees::contracts
