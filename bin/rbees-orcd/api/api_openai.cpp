#include <chrono>

#include "api/api.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/orchestrator_core/refusals.hpp"

namespace rbees::orcd {
namespace {

contracts::OpenAiModel openai_model(const orchestrator::UsableModel& model) {
    contracts::OpenAiModel out;
    out.id = model.id.str();
    out.created = std::chrono::floor<std::chrono::seconds>(model.since).time_since_epoch().count();
    return out;
}

net::Response list_models(const orchestrator::FleetView& view) {
    contracts::OpenAiModelList list;
    for (const auto& model : view.models) {
        list.data.push_back(openai_model(model));
    }
    return http_api::json_answer(200, list);
}

net::Response one_model(const http_api::Call& call, const orchestrator::FleetView& view) {
    const auto& id = call.parameter("id");
    if (const auto* model = view.find_model(id)) return http_api::json_answer(200, openai_model(*model));
    const bool is_known = view.catalogue.contains(ModelId(id));
    return call.refuse(is_known ? orchestrator::model_not_on_disk(id) : orchestrator::no_model(id));
}

}  // namespace

void Api::bind_openai(http_api::Handlers& handlers) {
    using enum contracts::ModelKind;
    handlers.answer("openai_models", [this](const http_api::Call&) { return list_models(*holder_.view); });
    handlers.answer("openai_model", [this](const http_api::Call& call) { return one_model(call, *holder_.view); });
    handlers.bind("chat_completions", [this](http_api::Call& call) { return gateway_.serve(call, chat); });
    handlers.bind("completions", [this](http_api::Call& call) { return gateway_.serve(call, chat); });
    handlers.bind("embeddings", [this](http_api::Call& call) { return gateway_.serve(call, embedding); });
}

}  // namespace rbees::orcd
