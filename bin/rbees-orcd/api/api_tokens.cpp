#include <fmt/format.h>

#include <array>
#include <utility>

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

/// Rights that a token may be given less of one day. Until then a wish for fewer rights than all is refused: members
/// that nobody knows are ignored, and a token that may do more than was asked for is worse than none.
constexpr std::array restrictions{"scopes", "models", "limits"};

bool is_empty(const reflect::json::value& value) {
    if (value.is_array()) return value.get_array().empty();
    if (value.is_object()) return value.get_object().empty();
    return value.is_null();
}

void refuse_restrictions(std::string_view body, reflect::FieldErrors& faults) {
    const auto document = reflect::parse_json(body);
    if (!document || !document->is_object()) return;
    for (const auto* name : restrictions) {
        const auto* value = document->get_object().if_contains(name);
        if (value == nullptr || is_empty(*value)) continue;
        faults.push_back({fmt::format("/{}", name), "is not there yet: a token has all the rights of its role"});
    }
}

reflect::FieldErrors faults_of(const contracts::CreateToken& wish) {
    reflect::FieldErrors faults;
    if (wish.name.empty() || wish.name.size() > limits::token_name_bytes_max) {
        faults.push_back({"/name", fmt::format("must have 1 to {} bytes", limits::token_name_bytes_max)});
    }
    if (wish.name.starts_with("file:")) {
        faults.push_back({"/name", "must not start with file:, which rbees uses itself"});
    }
    if (wish.expires_at && *wish.expires_at <= wall_now()) {
        faults.push_back({"/expires_at", "must lie in the future"});
    }
    return faults;
}

Checked<contracts::CreateToken> read_wish(const net::Request& request) {
    auto wish = http_api::read_body<contracts::CreateToken>(request);
    if (!wish) return wish;
    auto faults = faults_of(*wish);
    refuse_restrictions(request.body, faults);
    if (!faults.empty()) return std::unexpected(contracts::invalid("token", std::move(faults)));
    return wish;
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
    const auto body = read_wish(call.request());
    if (!body) {
        co_await http_api::answer_refused(call, body.error());
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
