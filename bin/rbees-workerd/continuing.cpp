#include "continuing.hpp"

#include <utility>

#include "rbees/contracts/executions.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::workerd {

std::expected<engine::Call, contracts::Problem> continued_call(engine::Call call) {
    auto body = reflect::from_json_text<contracts::Continue>(call.body);
    if (!body) {
        return std::unexpected(contracts::Problem{.code = contracts::ErrorCode::INVALID_PARAMS,
                                                  .detail = "the body is not valid",
                                                  .errors = std::move(body.error())});
    }
    auto& from = body->from;
    const bool is_chat = body->operation == contracts::ExecutionKind::chat;
    call.operation = is_chat ? engine::Operation::chat : engine::Operation::completion;
    call.body = reflect::to_text(std::move(body->request));
    call.from = engine::Continuation{.prompt = std::move(from.prompt_ids),
                                     .generated = std::move(from.generated_ids),
                                     .seed = from.seed,
                                     .left = Tokens(from.max_tokens),
                                     .sampling = from.sampling ? reflect::to_text(*from.sampling) : "",
                                     .model_hash = std::move(body->model_hash)};
    return call;
}

}  // namespace rbees::workerd
