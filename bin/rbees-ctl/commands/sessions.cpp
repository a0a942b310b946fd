#include <fmt/format.h>

#include <array>
#include <vector>

#include "commands/handlers.hpp"
#include "commands/listing.hpp"
#include "commands/paging.hpp"
#include "output/words.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/contracts/sessions.hpp"

namespace rbees::ctl {
namespace {

using contracts::SessionPage;
using contracts::SessionStatus;
using contracts::SessionView;

constexpr auto sessions_path = "/v2/sessions";

/// The path of the session that the command names, of whoever's it is.
std::string path_of_session(const Arguments& arguments, std::string_view parameter = {}) {
    auto path = path_of(sessions_path, arguments.required("SESSION"));
    auto separator = '?';
    if (const auto owner = arguments.text("--owner")) {
        path += fmt::format("{}owner={}", std::exchange(separator, '&'), net::percent_encode(*owner));
    }
    if (!parameter.empty()) path += fmt::format("{}{}", separator, parameter);
    return path;
}

std::string tasks_in_words(const SessionView& session) {
    if (session.live == 0) return std::to_string(session.turns);
    return fmt::format("{}, {} live", session.turns, session.live);
}

Table table_of_sessions(const std::vector<SessionView>& sessions, Terminal reader) {
    Table table{.heading = {"ID", "STATUS", "TASKS", "TOKENS", "BUDGET", "LEFT", "USED"}, .rows = {}};
    const auto number = [](const std::optional<Tokens>& tokens) { return tokens ? std::to_string(tokens->value) : ""; };
    for (const auto& session : sessions) {
        const auto tone = session.status == SessionStatus::open ? Tone::good : Tone::faint;
        table.rows.push_back({session.id, Cell(reflect::name_of(session.status), tone), tasks_in_words(session),
                              std::to_string(session.total_tokens.value), number(session.token_budget),
                              number(session.tokens_budget_remaining),
                              time_in_words(session.last_used_at, wall_now(), reader)});
    }
    return table;
}

}  // namespace

Outcome run_sessions_create(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    contracts::CreateSession wish;
    wish.session_id = arguments.text("SESSION").value_or(new_uuid());
    if (const auto budget = arguments.whole_number("--budget")) {
        wish.token_budget = Tokens(static_cast<std::uint64_t>(*budget));
    }
    const auto made = (*api)->post<SessionView>(sessions_path, wish);
    if (!made) return std::unexpected(made.error());
    auto& console = session.console();
    console.answer(reflect::to_json(*made), made->id + "\n");
    if (!session.is_json()) console.note(fmt::format("its tasks: rbees jobs submit --session {} PROMPT", made->id));
    return ExitCode::ok;
}

Outcome run_sessions_list(Session& session, const Arguments& arguments) {
    constexpr std::array parameters{ListParameter{"owner", "--owner"}};
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    auto path = sessions_path + list_query(arguments, parameters);
    if (arguments.has("--open")) path += "&status=open";
    const auto listed = fetch_pages(**api, path, arguments, &SessionPage::sessions);
    if (!listed) return std::unexpected(listed.error());
    auto& console = session.console();
    if (listed->rows.empty() && !session.is_json()) {
        console.note("no such session; `rbees sessions create` opens one");
        return ExitCode::ok;
    }
    console.answer(reflect::to_json(listed->rows), table_of_sessions(listed->rows, console.out().terminal));
    if (listed->has_more && !session.is_json()) console.note("there are older ones: rbees sessions list --all");
    return ExitCode::ok;
}

Outcome run_sessions_get(Session& session, const Arguments& arguments) {
    return show_one<SessionView>(session, path_of_session(arguments));
}

Outcome run_sessions_delete(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto closed =
        (*api)->call("DELETE", path_of_session(arguments, arguments.has("--cancel") ? "cancel=true" : ""));
    if (!closed) return std::unexpected(closed.error());
    const auto left = (*api)->get<SessionView>(path_of_session(arguments));
    if (!left) return std::unexpected(left.error());
    auto sentence = fmt::format("session {} is closed\n", left->id);
    if (left->live != 0) {
        sentence = fmt::format("session {} is closed; {} of it {}: rbees jobs list --session {} --status live\n",
                               left->id, count_of(left->live, "task"), left->live == 1 ? "goes on" : "go on", left->id);
    }
    session.console().answer(reflect::to_json(*left), sentence);
    return ExitCode::ok;
}

}  // namespace rbees::ctl
