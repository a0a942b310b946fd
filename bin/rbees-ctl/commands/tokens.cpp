#include <fmt/format.h>

#include <vector>

#include "commands/handlers.hpp"
#include "commands/listing.hpp"
#include "output/words.hpp"
#include "rbees/contracts/tokens.hpp"

namespace rbees::ctl {
namespace {

using contracts::TokenView;

Table table_of_tokens(const std::vector<TokenView>& tokens, Terminal reader) {
    Table table{.heading = {"ID", "NAME", "ROLE", "CREATED", "EXPIRES"}, .rows = {}};
    for (const auto& token : tokens) {
        table.rows.push_back({token.id.str(), token.name, reflect::name_of(token.role),
                              time_in_words(token.created_at, wall_now(), reader),
                              token.expires_at ? time_in_words(*token.expires_at, wall_now(), reader) : "never"});
    }
    return table;
}

}  // namespace

Outcome run_tokens_create(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    contracts::CreateToken wish{.name = arguments.required("NAME"), .role = {}, .expires_at = {}};
    if (const auto role = arguments.text("--role")) wish.role = reflect::value_of<contracts::Role>(*role);
    if (const auto span = arguments.duration("--expires")) {
        wish.expires_at = wall_now() + std::chrono::duration_cast<std::chrono::milliseconds>(*span);
    }
    const auto created = (*api)->post<contracts::TokenCreated>("/v2/tokens", wish);
    if (!created) return std::unexpected(created.error());
    auto& console = session.console();
    if (session.is_json()) {
        console.print_json(reflect::to_json(*created));
        return ExitCode::ok;
    }
    console.print(created->token + "\n");
    console.note(fmt::format("This is shown only once. Revoke it with: rbees tokens revoke {}", created->id.str()));
    return ExitCode::ok;
}

Outcome run_tokens_list(Session& session, const Arguments& /*arguments*/) {
    return show_list(session, "/v2/tokens", table_of_tokens, "there is no token");
}

Outcome run_tokens_revoke(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto id = arguments.required("TOKEN");
    const auto response = (*api)->call("DELETE", path_of("/v2/tokens", id));
    if (!response) return std::unexpected(response.error());
    session.console().note(fmt::format("token {} opens nothing any more", id));
    return ExitCode::ok;
}

}  // namespace rbees::ctl
