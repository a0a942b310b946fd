#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "cli/completion.hpp"
#include "cli/help.hpp"
#include "cli/session.hpp"
#include "commands/handlers.hpp"
#include "rbees/base/spelling.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/http_api/build.hpp"

namespace rbees::ctl {
namespace {

constexpr Duration server_time = std::chrono::seconds(1);  ///< for the version of a server that may not run

std::optional<contracts::Version> server_version(Session& session) {
    const auto api = session.api();
    if (!api) return std::nullopt;
    auto request = (*api)->request("GET", "/v2/version");
    request.timeouts = {.connect = server_time, .head = server_time, .body = server_time};
    const auto response = (*api)->exchange(std::move(request));
    if (!response || response->status != 200) return std::nullopt;
    const auto version = reflect::from_json_text<contracts::Version>(response->body);
    return version ? std::optional(*version) : std::nullopt;
}

std::string line_of(std::string_view program, const contracts::Version& version) {
    return fmt::format("{} {} ({}, {})\n", program, version.version, version.compiler, version.build_type);
}

}  // namespace

Outcome run_version(Session& session, const Arguments& /*arguments*/) {
    const auto& client = http_api::this_build();
    const auto server = server_version(session);
    boost::json::object json{{"client", reflect::to_json(client)}};
    json.emplace("server", server ? reflect::to_json(*server) : boost::json::value());
    const auto server_line = server ? line_of("rbees-orcd", *server) : "rbees-orcd: not running\n";
    session.console().answer(json, line_of("rbees", client) + server_line);
    return ExitCode::ok;
}

Outcome run_config_view(Session& session, const Arguments& /*arguments*/) {
    const auto config = session.config();
    if (!config) return std::unexpected(config.error());
    boost::json::array entries;
    Table table{.heading = {"OPTION", "VALUE", "ORIGIN"}, .rows = {}};
    for (const auto& [name, value] : config->values()) {
        const auto row = std::ranges::find(contracts::options(), std::string_view(name), &Option::name);
        entries.push_back({{"id", name},
                           {"value", value.text},
                           {"origin", value.origin},
                           {"description", boost::json::string(row->description)}});
        table.rows.push_back(
            {name, value.text, Cell(value.origin, value.origin == "default" ? Tone::faint : Tone::plain)});
    }
    session.console().answer(entries, table);
    return ExitCode::ok;
}

Outcome run_completion(Session& session, const Arguments& arguments) {
    session.console().print(completion_script(arguments.required("SHELL")));
    return ExitCode::ok;
}

Outcome run_help(Session& session, const Arguments& arguments) {
    const auto words = arguments.text("TOPIC").value_or("");
    const auto text = help_of(words);
    if (text) {
        session.console().print(*text);
        return ExitCode::ok;
    }
    std::vector<std::string_view> known;
    for (const auto& topic : topics()) {
        known.push_back(topic.name);
    }
    for (const auto& command : commands()) {
        known.push_back(command.words);
    }
    const auto nearest = nearest_name(words, known);
    return usage_error(
        fmt::format("there is no help about '{}'", words),
        nearest ? fmt::format("did you mean `rbees help {}`?", *nearest) : "`rbees --help` lists what there is");
}

}  // namespace rbees::ctl
