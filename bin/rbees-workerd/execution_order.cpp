#include "execution_order.hpp"

#include <utility>

#include "continuing.hpp"
#include "rbees/contracts/executions.hpp"
#include "refusals.hpp"

namespace rbees::workerd {
namespace {

/// What the members' types do not say.
reflect::FieldErrors faults_of(const contracts::Execute& body) {
    reflect::FieldErrors faults;
    if (!is_valid_id(body.job_id.str())) faults.push_back({"/job_id", "must be 1 to 128 of letters, digits and ._:-"});
    if (body.from && !body.model_hash) faults.push_back({"/model_hash", "is required beside 'from'"});
    return faults;
}

}  // namespace

std::expected<ExecutionOrder, contracts::Problem> read_order(const std::string& body, const std::string& model_hash) {
    auto order = reflect::from_json_text<contracts::Execute>(body);
    if (!order) return std::unexpected(bad_body(std::move(order.error())));
    if (auto faults = faults_of(*order); !faults.empty()) return std::unexpected(bad_body(std::move(faults)));
    if (order->model_hash && *order->model_hash != model_hash)
        return std::unexpected(other_model(*order->model_hash, model_hash));
    engine::Call call{.operation = operation_of(order->operation), .body = reflect::to_text(std::move(order->request))};
    call.frames = engine::Frames::tokens;
    if (order->from) call.from = continuation_of(std::move(*order->from), model_hash);
    return ExecutionOrder{.key = {std::move(order->job_id), order->attempt}, .call = std::move(call)};
}

}  // namespace rbees::workerd
