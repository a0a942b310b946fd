#include "api/api.hpp"
#include "rbees/orchestrator_core/refusals.hpp"

namespace rbees::orcd {
namespace {

using contracts::ModelView;

Checked<ModelView> find_model(const FleetControl& fleet, const std::string& reference) {
    auto view = model_view(fleet, reference);
    if (view) return std::move(*view);
    return std::unexpected(orchestrator::no_model(reference));
}

}  // namespace

void Api::bind_models(http_api::Handlers& handlers) {
    handlers.bind("models", [this](http_api::Call& call) {
        return answer_with<std::vector<ModelView>>(call, [&control = control_](auto reply) {
            control.fleet().when_durable([&control, reply] { reply(model_views(control.fleet())); });
        });
    });
    handlers.bind("model", [this](http_api::Call& call) {
        return answer_with<ModelView>(call, [&control = control_, id = call.parameter("id")](auto reply) {
            control.fleet().when_durable([&control, id, reply] { reply(find_model(control.fleet(), id)); });
        });
    });
    handlers.bind("model_add", [this](http_api::Call& call) { return add_model(call); });
    handlers.bind("model_download", [this](http_api::Call& call) {
        return act_on_model<contracts::FetchModel>(call, &ModelControl::download);
    });
    handlers.bind("model_load", [this](http_api::Call& call) {
        return act_on_model<contracts::ModelAction>(call, &ModelControl::load);
    });
    handlers.bind("model_unload", [this](http_api::Call& call) {
        return act_on_model<contracts::ModelAction>(call, &ModelControl::unload);
    });
    handlers.bind("model_delete", [this](http_api::Call& call) {
        return answer_done(call, [&control = control_, id = call.parameter("id")](auto reply) {
            control.models().remove(id, std::move(reply));
        });
    });
}

net::Task<void> Api::add_model(http_api::Call& call) {
    const auto body = http_api::read_body<contracts::AddModel>(call.request());
    if (!body) {
        co_await http_api::answer_refused(call, body.error());
        co_return;
    }
    std::function<void(Answerer<Checked<ModelView>>)> question = [&control = control_, model = *body](auto reply) {
        control.models().add(model, std::move(reply));
    };
    co_await answer_with<ModelView>(call, std::move(question));
}

template <class Action>
net::Task<void> Api::act_on_model(http_api::Call& call, ModelVerb<Action> verb) {
    const auto body = http_api::read_body<Action>(call.request());
    if (!body) {
        co_await http_api::answer_refused(call, body.error());
        co_return;
    }
    std::function<void(Answerer<Checked<ModelView>>)> question = [&control = control_, verb, id = call.parameter("id"),
                                                                  action = *body](auto reply) {
        (control.models().*verb)(id, action, std::move(reply));
    };
    co_await answer_with<ModelView>(call, std::move(question));
}

}  // namespace rbees::orcd
