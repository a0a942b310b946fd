#include <boost/json.hpp>

#include "execution_order.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/engine/request.hpp"
#include "rbees/engine/simulated.hpp"
#include "rbees/reflect/json.hpp"
#include "sim_script.hpp"
#include "sim_text.hpp"
#include "targets.hpp"

namespace rbees::fuzz {
namespace {

/// What the simulated engine would say; it reads the prompt, the tools and the schema of the answer.
void write_answer(const engine::Call& call, const boost::json::object& body) {
    const auto request = engine::read_generation(call.operation, body, 1);
    if (!request) {
        RBEES_ASSERT(request.error().status == 400 && !request.error().message.empty());
        return;
    }
    RBEES_ASSERT(!request->max_tokens || request->max_tokens->value >= 1);
    const engine::SimulatedModel model;
    const auto script = engine::write_script(call, body, *request, model);
    if (!script) return;
    RBEES_ASSERT(script->output.size() <= script->most);
    RBEES_ASSERT(script->prompt.size() + script->most <= model.context.value);
}

}  // namespace

void read_generation(std::string_view bytes) {
    if (!reflect::parse_json(bytes)) return;  // the worker's own look comes first
    const auto body = engine::parse_body(bytes);
    if (!body) return;
    for (const auto operation : {engine::Operation::chat, engine::Operation::completion}) {
        const engine::Call call{.operation = operation, .body = std::string(bytes)};
        write_answer(call, *body);
    }
    if (const auto request = engine::read_embedding(*body)) {
        RBEES_ASSERT(!request->inputs.empty() && request->inputs.size() <= engine::max_inputs);
    }
    if (const auto text = engine::read_tokenize(*body)) {
        RBEES_ASSERT(engine::sim_decode(engine::sim_encode(*text)) == *text);
    }
    if (const auto ids = engine::read_detokenize(*body)) static_cast<void>(engine::sim_decode(*ids));
}

void read_order(std::string_view bytes) {
    const auto order = workerd::read_order(std::string(bytes), "hash");
    if (!order) {
        RBEES_ASSERT(!order.error().detail.empty());
        return;
    }
    RBEES_ASSERT(is_valid_id(order->key.job.str()));
    const auto body = engine::read_call(order->call, "hash");
    if (body) write_answer(order->call, *body);
}

}  // namespace rbees::fuzz
