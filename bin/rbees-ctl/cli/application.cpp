#include "cli/application.hpp"

#include <fmt/format.h>

#include <ostream>

#include "cli/help.hpp"
#include "cli/parser.hpp"
#include "rbees/base/overloaded.hpp"
#include "rbees/http_api/build.hpp"

namespace rbees::ctl {
namespace {

/// Shows the error where errors go. An interruption has nothing to say: the person knows.
int leave(const Stream& err, OutputForm form, Verbosity verbosity, const CliError& error) {
    if (form == OutputForm::json) {
        write_to(err, to_json_text(error) + "\n");
    } else if (error.exit != ExitCode::interrupted) {
        auto text = fmt::format("{} {}\n", paint(err.colour, Tone::bad, "error:"), error.message);
        if (!error.hint.empty()) text += fmt::format("hint: {}\n", error.hint);
        if (verbosity == Verbosity::verbose && !error.request_id.empty()) {
            text += fmt::format("request id: {}\n", error.request_id);
        }
        write_to(err, text);
    }
    return static_cast<int>(error.exit);
}

int run(const Surroundings& surroundings, const Invocation& invocation) {
    Session session(surroundings, invocation.arguments);
    const auto outcome = invocation.command->run(session, invocation.arguments);
    if (outcome) return static_cast<int>(*outcome);
    auto& console = session.console();
    return leave(console.err(), console.form(), console.verbosity(), outcome.error());
}

}  // namespace

int run_command_line(const Surroundings& surroundings, const std::vector<std::string>& words) {
    if (words.empty()) {
        *surroundings.err.stream << *help_of("") << std::flush;
        return static_cast<int>(ExitCode::usage);
    }
    const auto parsed = parse_command_line(words);
    if (!parsed) {
        const auto form = wants_json(words) ? OutputForm::json : OutputForm::text;
        return leave(surroundings.err, form, Verbosity::normal, parsed.error());
    }
    return std::visit(overloaded{
                          [&](const HelpWanted& wanted) {
                              *surroundings.out.stream << *help_of(wanted.words) << std::flush;
                              return 0;
                          },
                          [&](VersionWanted) {
                              *surroundings.out.stream << "rbees " << http_api::this_build().version << std::endl;
                              return 0;
                          },
                          [&](const Invocation& invocation) { return run(surroundings, invocation); },
                      },
                      *parsed);
}

}  // namespace rbees::ctl
