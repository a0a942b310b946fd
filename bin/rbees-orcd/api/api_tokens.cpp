#include <fmt/format.h>

#include "api/api.hpp"
#include "orcd_limits.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/random.hpp"
#include "rbees/contracts/faults.hpp"
#include "rbees/contracts/tokens.hpp"

namespace rbees::orcd {
namespace {

using contracts::Problem;
using contracts::TokenCreated;
using contracts::TokenView;

contracts::TokenView view_of(const orchestrator::Token& token) {
    TokenView view;
    view.id = token.id;
    view.name = token.name;
    view.role = token.role;
    view.scopes = token.scopes;
    view.models = token.models;
    view.limits = token.limits;
    view.created_at = token.created_at;
    view.expires_at = token.expires_at;
    return view;
}

std::vector<TokenView> token_views(const kernel::State& state) {
    std::vector<TokenView> views;
    for (const auto& [id, token] : state.access.tokens()) {
        views.push_back(view_of(token));
    }
    return views;
}

std::optional<Problem> fault_of(const contracts::CreateToken& wish) {
    const auto refuse = [](std::string pointer, std::string fault) {
        return contracts::invalid("token", {{std::move(pointer), std::move(fault)}});
    };
    if (wish.name.empty() || wish.name.size() > limits::token_name_bytes_max) {
        return refuse("/name", fmt::format("must have 1 to {} bytes", limits::token_name_bytes_max));
    }
    if (wish.name.starts_with("file:")) return refuse("/name", "must not start with file:, which rbees uses itself");
    if (wish.expires_at && *wish.expires_at <= wall_now()) return refuse("/expires_at", "must lie in the future");
    return std::nullopt;
}

}  // namespace

void Api::bind_tokens(http_api::Handlers& handlers) {
    handlers.bind("token_create", [this](http_api::Call& call) { return create_token(call); });
    handlers.bind("tokens", [this](http_api::Call& call) {
        return answer_with<std::vector<TokenView>>(call, [&control = control_](auto reply) {
            control.fleet().when_durable([&control, reply] { reply(token_views(control.fleet().state())); });
        });
    });
    handlers.bind("token_revoke", [this](http_api::Call& call) {
        return answer_done(call, [&control = control_, id = TokenId(call.parameter("id"))](auto reply) {
            const kernel::Command revoke{orchestrator::AccessCommand{orchestrator::RevokeToken{id}}};
            control.fleet().submit(revoke, std::move(reply));
        });
    });
}

net::Task<void> Api::create_token(http_api::Call& call) {
    const auto body = http_api::read_body<contracts::CreateToken>(call.request());
    const auto fault = body ? fault_of(*body) : std::optional(body.error());
    if (fault) {
        co_await http_api::answer_refused(call, *fault);
        co_return;
    }
    TokenCreated created{.id = new_id<TokenId>(), .token = std::string(contracts::token_prefix) + random_secret()};
    orchestrator::Token token;
    token.id = created.id;
    token.name = body->name;
    token.hash = sha256_hex(created.token);
    token.role = body->role.value_or(contracts::Role::admin);
    token.created_at = wall_now();
    token.expires_at = body->expires_at;
    std::function<void(Answerer<Checked<TokenCreated>>)> question = [&control = control_, created = std::move(created),
                                                                     token = std::move(token)](auto reply) {
        const kernel::Command create{orchestrator::AccessCommand{orchestrator::CreateToken{token}}};
        control.fleet().submit(create, [created, reply](const Done& done) {
            if (!done) return reply(std::unexpected(done.error()));
            reply(created);
        });
    };
    co_await answer_with<TokenCreated>(call, std::move(question));
}

}  // namespace rbees::orcd
