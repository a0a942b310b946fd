#include "commands/confirm.hpp"

#include <fmt/format.h>

#include <istream>
#include <string>

namespace rbees::ctl {

Checked<void> confirm(Session& session, const Arguments& arguments, std::string_view question,
                      std::string_view refusal) {
    if (arguments.has("--yes")) return {};
    const auto& surroundings = session.surroundings();
    if (surroundings.input_terminal == Terminal::no || session.console().err().terminal == Terminal::no) {
        return usage_error("nobody is there to say yes", "add --yes if you mean it");
    }
    write_to(session.console().err(), fmt::format("{} [y/N] ", question));
    std::string answer;
    std::getline(*surroundings.input, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return {};
    return failed(std::string(refusal));
}

}  // namespace rbees::ctl
