#include <fmt/format.h>

#include <utility>

#include "api/api.hpp"
#include "api/pages.hpp"
#include "api/task_questions.hpp"
#include "api/task_views.hpp"
#include "rbees/contracts/faults.hpp"
#include "rbees/contracts/sessions.hpp"

namespace rbees::orcd {
namespace {

using contracts::CreateSession;
using contracts::Problem;
using contracts::SessionPage;
using contracts::SessionView;
using orchestrator::Session;
using orchestrator::SessionKey;

std::optional<Problem> fault_of(const CreateSession& wish) {
    reflect::FieldErrors errors;
    if (wish.session_id && !is_valid_id(*wish.session_id)) {
        errors.push_back(
            {"/session_id", fmt::format("must be 1 to {} of A-Z a-z 0-9 . _ : -", contracts::session_id_bytes_max)});
    }
    if (wish.token_budget &&
        (wish.token_budget->value == 0 || wish.token_budget->value > contracts::token_budget_max)) {
        errors.push_back({"/token_budget", fmt::format("must lie between 1 and {}", contracts::token_budget_max)});
    }
    if (errors.empty()) return std::nullopt;
    return contracts::invalid("session", std::move(errors));
}

/// The session that the path names: the caller's own, or for an admin that of the token in `?owner=`.
SessionKey key_of(const http_api::Call& call) {
    const auto owner = call.request().query_value("owner");
    const bool is_other = owner && call.caller.role == contracts::Role::admin;
    return {is_other ? TokenId(std::string(*owner)) : TokenId(call.caller.id), call.parameter("id")};
}

Checked<SessionPage> page_of(Control& control, const ListQuery& query) {
    return read_page<Session>(control.reader(), "session", query, &SessionPage::sessions, [&](const Session& session) {
        return view_of(session, control.sessions().remembered_for(session));
    });
}

/// Answers with the session's view.
control::SessionReply as_view(Control& control, Answerer<Checked<SessionView>> reply) {
    return [&control, reply = std::move(reply)](const Checked<Session>& session) {
        if (!session) return reply(std::unexpected(session.error()));
        reply(view_of(*session, control.sessions().remembered_for(*session)));
    };
}

}  // namespace

void Api::bind_sessions(http_api::Handlers& handlers) {
    handlers.bind("session_create", [this](http_api::Call& call) { return create_session(call); });
    handlers.bind("sessions", [this](http_api::Call& call) { return list_sessions(call); });
    handlers.bind("session", [this](http_api::Call& call) {
        return answer_with<SessionView>(call, [&control = control_, key = key_of(call)](auto reply) {
            control.sessions().find(key, as_view(control, std::move(reply)));
        });
    });
    handlers.bind("session_close", [this](http_api::Call& call) { return close_session(call); });
}

net::Task<void> Api::create_session(http_api::Call& call) {
    const auto wish = http_api::read_body<CreateSession>(call.request());
    const auto fault = wish ? fault_of(*wish) : std::optional(wish.error());
    if (fault) {
        co_await http_api::answer_refused(call, *fault);
        co_return;
    }
    const SessionKey key{TokenId(call.caller.id), wish->session_id ? *wish->session_id : new_uuid()};
    std::function<void(Answerer<Checked<SessionView>>)> question = [&control = control_, key,
                                                                    budget = wish->token_budget](auto reply) {
        control.sessions().open(key, budget, as_view(control, std::move(reply)));
    };
    const auto view = co_await ask<Checked<SessionView>>(control_.io(), std::move(question));
    auto response = view ? http_api::json_answer(call.route.status, *view) : call.refuse(view.error());
    if (view) response.headers.set("Location", "/v2/sessions/" + net::percent_encode(view->session_id));
    co_await call.exchange.respond(std::move(response));
}

net::Task<void> Api::list_sessions(http_api::Call& call) {
    return answer_with_page(control_, call, session_query(call.request()), page_of);
}

net::Task<void> Api::close_session(http_api::Call& call) {
    const auto fate = fate_of_tasks(call.request());
    if (!fate) {
        co_await http_api::answer_refused(call, fate.error());
        co_return;
    }
    std::function<void(Answerer<Done>)> question = [&control = control_, key = key_of(call), fate = *fate,
                                                    by = TokenId(call.caller.id)](auto reply) {
        control.sessions().close(key, by, fate, std::move(reply));
    };
    co_await answer_done(call, std::move(question));
}

}  // namespace rbees::orcd
