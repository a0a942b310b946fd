#include "rbees/contracts/error_codes.hpp"

#include <array>
#include <cstddef>

#include "rbees/base/assert.hpp"

namespace rbees::contracts {
namespace {

using enum ErrorCode;
using enum Retry;

constexpr std::array table{
    ErrorRow{INVALID_PARAMS, 400, pointless, "The request is not valid"},
    ErrorRow{UNAUTHORIZED, 401, pointless, "A valid token is needed"},
    ErrorRow{FORBIDDEN, 403, pointless, "This token may not do that"},
    ErrorRow{NOT_FOUND, 404, pointless, "There is no such thing"},
    ErrorRow{METHOD_NOT_ALLOWED, 405, pointless, "The path does not take this method"},
    ErrorRow{CONFLICT, 409, pointless, "The state does not allow it"},
    ErrorRow{GONE, 410, pointless, "It was erased after its retention"},
    ErrorRow{IDEMPOTENCY_MISMATCH, 422, pointless, "The key was used for another request"},
    ErrorRow{BODY_TOO_LARGE, 413, pointless, "The body is too large"},
    ErrorRow{LIMIT_EXCEEDED, 400, pointless, "A limit was exceeded"},
    ErrorRow{BUDGET_EXCEEDED, 429, pointless, "The budget is spent"},
    ErrorRow{QUEUE_FULL, 429, sensible, "Too many requests are waiting"},
    ErrorRow{ADMISSION_REJECT, 429, sensible, "Too many tasks are waiting"},
    ErrorRow{QUEUE_FULL_DROP_LRU, 429, sensible, "The queue is full, and only batch tasks leave it"},
    ErrorRow{MODEL_NOT_FOUND, 404, pointless, "There is no such model here"},
    ErrorRow{MODEL_INCOMPATIBLE, 400, pointless, "The model cannot do that"},
    ErrorRow{MODEL_LOAD_FAILED, 500, pointless, "The model could not be loaded"},
    ErrorRow{POOL_UNAVAILABLE, 503, sensible, "No pool manager is connected"},
    ErrorRow{WORKER_NOT_FOUND, 404, pointless, "There is no such worker"},
    ErrorRow{WORKER_UNAVAILABLE, 503, sensible, "The worker is gone"},
    ErrorRow{WORKER_TIMEOUT, 504, sensible, "The worker did not answer in time"},
    ErrorRow{WORKER_START_FAILED, 503, sensible, "The worker did not start"},
    ErrorRow{WORKER_START_TIMEOUT, 503, sensible, "The model was not ready in time"},
    ErrorRow{INSUFFICIENT_MEMORY, 503, sensible, "There is not enough memory for the model"},
    ErrorRow{INSUFFICIENT_VRAM, 503, sensible, "The GPU has not enough memory for the model"},
    ErrorRow{GPU_UNAVAILABLE, 503, pointless, "No such GPU can be used"},
    ErrorRow{CONTEXT_TOO_LONG, 400, pointless, "The prompt does not fit the model's context"},
    ErrorRow{DEADLINE_UNMET, 504, sensible, "The deadline passed"},
    ErrorRow{CANCELLED, 499, pointless, "The request was cancelled"},
    ErrorRow{STORAGE_FULL, 507, sensible, "The disk is nearly full"},
    ErrorRow{STORAGE_FAILED, 503, sensible, "The storage failed"},
    ErrorRow{STORAGE_DAMAGED, 500, pointless, "What was stored is damaged"},
    ErrorRow{INTERNAL, 500, sensible, "An error inside rbees"},
};

}  // namespace

std::span<const ErrorRow> error_table() {
    return table;
}

const ErrorRow& row_of(ErrorCode code) {
    const auto index = static_cast<std::size_t>(code);
    RBEES_ASSERT(index < table.size() && table[index].code == code);
    return table[index];
}

}  // namespace rbees::contracts
