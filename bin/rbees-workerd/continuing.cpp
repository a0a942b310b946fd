#include "continuing.hpp"

#include <utility>

namespace rbees::workerd {

std::expected<engine::Call, contracts::Problem> continued_call(engine::Call call) {
    auto body = reflect::from_json_text<contracts::Continue>(call.body);
    if (!body) return std::unexpected(bad_body(std::move(body.error())));
    call.operation = operation_of(body->operation);
    call.body = reflect::to_text(std::move(body->request));
    call.from = continuation_of(std::move(body->from), std::move(body->model_hash));
    return call;
}

engine::Operation operation_of(contracts::ExecutionKind kind) {
    return kind == contracts::ExecutionKind::chat ? engine::Operation::chat : engine::Operation::completion;
}

engine::Continuation continuation_of(contracts::ContinueFrom from, std::string model_hash) {
    return {.prompt = std::move(from.prompt_ids),
            .generated = std::move(from.generated_ids),
            .seed = from.seed,
            .left = Tokens(from.max_tokens),
            .sampling = from.sampling ? reflect::to_text(*from.sampling) : "",
            .model_hash = std::move(model_hash)};
}

contracts::Problem bad_body(reflect::FieldErrors errors) {
    return {
        .code = contracts::ErrorCode::INVALID_PARAMS, .detail = "the body is not valid", .errors = std::move(errors)};
}

}  // namespace rbees::workerd
