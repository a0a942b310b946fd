#include "cli/parser.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "cli/command_words.hpp"
#include "cli/values.hpp"
#include "rbees/base/spelling.hpp"

namespace rbees::ctl {
namespace {

/// One run of CLI11: an App made of the table's rows, and where it puts what it finds.
class Reading {
  public:
    explicit Reading(const Command& command) : command_(command) {
        app_.set_help_flag();
        app_.allow_extras();
        for (const auto& flag : command.flags) {
            add(flag);
        }
        for (const auto& flag : global_flags()) {
            add(flag);
        }
    }

    /// Takes the words apart. Fails with what does not fit the table.
    Checked<Arguments> read(std::vector<std::string> words) {
        std::ranges::reverse(words);  // CLI11 takes them from the back
        try {
            app_.parse(std::move(words));
        } catch (const CLI::ParseError& error) {
            return usage_error(error.what(), help_hint());
        }
        auto operands = operand_words();
        if (!operands) return std::unexpected(operands.error());
        Arguments arguments;
        if (auto taken = take_flags(arguments); !taken) return std::unexpected(taken.error());
        if (auto taken = take_operands(arguments, *operands); !taken) return std::unexpected(taken.error());
        return arguments;
    }

  private:
    void add(const Flag& flag) {
        const auto names = flag.letter == 0 ? std::string(flag.name) : fmt::format("-{},{}", flag.letter, flag.name);
        auto& into = found_.emplace_back();
        if (flag.kind == ValueKind::none) {
            app_.add_flag_callback(names, [&into] { into = "true"; });
            return;
        }
        app_.add_option_function<std::string>(names, [&into](const std::string& value) { into = value; })->take_last();
    }

    [[nodiscard]] std::string help_hint() const { return fmt::format("see `rbees {} --help`", command_.words); }

    [[nodiscard]] std::unexpected<CliError> unknown_option(std::string_view written) const {
        std::vector<std::string_view> known{"--help"};
        for (const auto& flag : command_.flags) {
            known.push_back(flag.name);
        }
        for (const auto& flag : global_flags()) {
            known.push_back(flag.name);
        }
        const auto nearest = nearest_name(written, known);
        return usage_error(fmt::format("`rbees {}` has no option '{}'", command_.words, written),
                           nearest ? fmt::format("did you mean `{}`?", *nearest) : help_hint());
    }

    /// What CLI11 left: operands, which it would take apart if they look like its lists ("[1, 2]"), and options that
    /// are none. Everything after "--" is an operand.
    [[nodiscard]] Checked<std::vector<std::string>> operand_words() const {
        std::vector<std::string> words;
        bool is_literal = false;
        for (const auto& word : app_.remaining()) {
            if (!is_literal && word == "--") {
                is_literal = true;
                continue;
            }
            if (!is_literal && word.size() > 1 && word.starts_with('-')) {
                return unknown_option(std::string_view(word).substr(0, word.find('=')));
            }
            words.push_back(word);
        }
        return words;
    }

    [[nodiscard]] Checked<void> take_flags(Arguments& arguments) const {
        auto found = found_.begin();
        const auto take = [&](const Flag& flag) -> Checked<void> {
            const auto& value = *found++;
            if (!value) return {};
            if (auto fits = check_value(flag, *value); !fits) return fits;
            arguments.set(flag.name, *value);
            return {};
        };
        for (const auto& flag : command_.flags) {
            if (auto taken = take(flag); !taken) return taken;
        }
        for (const auto& flag : global_flags()) {
            if (auto taken = take(flag); !taken) return taken;
        }
        return {};
    }

    [[nodiscard]] Checked<void> take_operands(Arguments& arguments, std::span<const std::string> words) const {
        for (const auto& operand : command_.operands) {
            const bool takes_all = operand.presence == Presence::rest || operand.presence == Presence::any;
            const auto own = words.first(takes_all ? words.size() : std::min<std::size_t>(1, words.size()));
            words = words.subspan(own.size());
            const bool is_needed = operand.presence == Presence::required || operand.presence == Presence::rest;
            if (own.empty() && is_needed) {
                return usage_error(fmt::format("`rbees {}` needs {}", command_.words, operand.name), help_hint());
            }
            if (own.empty()) continue;
            const auto joined = fmt::format("{}", fmt::join(own, " "));
            if (auto fits = check_choice(operand.name, operand.choices, joined); !fits) return fits;
            arguments.set(operand.name, joined);
        }
        if (words.empty()) return {};
        return usage_error(fmt::format("`rbees {}` takes no '{}' there", command_.words, words.front()), help_hint());
    }

    const Command& command_;
    CLI::App app_;
    std::deque<std::optional<std::string>> found_;  ///< in the order of `add`; CLI11 keeps references, so a deque
};

bool asks_for_help(const std::vector<std::string>& words) {
    const auto end = std::ranges::find(words, "--");
    return std::any_of(words.begin(), end, [](const auto& word) { return word == "--help" || word == "-h"; });
}

/// What to do when the words name no command to run.
Checked<Parsed> without_command(const CommandWords& found) {
    if (found.group != nullptr) {
        return usage_error(fmt::format("`rbees {}` needs a command", found.group->word),
                           fmt::format("see `rbees {} --help`", found.group->word));
    }
    if (std::ranges::find(found.rest, "--version") != found.rest.end()) return VersionWanted{};
    const auto unknown = std::ranges::find_if(found.rest, [](const std::string& word) {
        return word.starts_with('-') && find_flag(nullptr, word.substr(0, word.find('='))) == nullptr;
    });
    if (unknown == found.rest.end()) return HelpWanted{};
    return usage_error(fmt::format("`rbees` has no option '{}'", *unknown), "see `rbees --help`");
}

}  // namespace

Checked<Parsed> parse_command_line(const std::vector<std::string>& words) {
    const auto found = find_command_words(words);
    if (!found) return std::unexpected(found.error());
    const auto* command = found->command;
    if (asks_for_help(found->rest)) {
        if (command != nullptr) return HelpWanted{std::string(command->words)};
        return HelpWanted{found->group != nullptr ? std::string(found->group->word) : ""};
    }
    if (command == nullptr) return without_command(*found);
    auto arguments = Reading(*command).read(found->rest);
    if (!arguments) return std::unexpected(arguments.error());
    return Invocation{command, std::move(*arguments)};
}

bool wants_json(const std::vector<std::string>& words) {
    for (auto word = words.begin(); word != words.end() && *word != "--"; ++word) {
        if (*word == "--json" || *word == "--format=json") return true;
        if (*word == "--format" && std::next(word) != words.end() && *std::next(word) == "json") return true;
    }
    return false;
}

}  // namespace rbees::ctl
