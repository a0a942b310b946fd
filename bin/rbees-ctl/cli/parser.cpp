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
        for (const auto& operand : command.operands) {
            const bool is_rest = operand.presence == Presence::rest || operand.presence == Presence::any;
            app_.add_option(std::string(operand.name), found_.emplace_back(), std::string(operand.description))
                ->expected(0, is_rest ? operand_words_max : 1);
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
        if (auto clean = refuse_extras(); !clean) return std::unexpected(clean.error());
        return collect();
    }

  private:
    static constexpr int operand_words_max = 10'000;

    void add(const Flag& flag) {
        const auto names = flag.letter == 0 ? std::string(flag.name) : fmt::format("-{},{}", flag.letter, flag.name);
        auto& into = found_.emplace_back();
        if (flag.kind == ValueKind::none) {
            app_.add_flag_callback(names, [&into] { into = {"true"}; });
            return;
        }
        app_.add_option(names, into)->expected(1)->take_last();
    }

    [[nodiscard]] std::string help_hint() const { return fmt::format("see `rbees {} --help`", command_.words); }

    [[nodiscard]] Checked<void> refuse_extras() const {
        const auto extras = app_.remaining();
        if (extras.empty()) return {};
        const auto option = std::ranges::find_if(extras, [](const auto& word) { return word.starts_with("-"); });
        if (option == extras.end()) {
            return usage_error(fmt::format("`rbees {}` takes no '{}' there", command_.words, extras.front()),
                               help_hint());
        }
        const auto written = option->substr(0, option->find('='));
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

    [[nodiscard]] Checked<Arguments> collect() const {
        Arguments arguments;
        auto found = found_.begin();
        const auto take_flag = [&](const Flag& flag) -> Checked<void> {
            const auto& values = *found++;
            if (values.empty()) return {};
            if (auto fits = check_value(flag, values.back()); !fits) return fits;
            arguments.set(flag.name, values.back());
            return {};
        };
        for (const auto& flag : command_.flags) {
            if (auto taken = take_flag(flag); !taken) return std::unexpected(taken.error());
        }
        for (const auto& flag : global_flags()) {
            if (auto taken = take_flag(flag); !taken) return std::unexpected(taken.error());
        }
        for (const auto& operand : command_.operands) {
            const auto& values = *found++;
            if (auto taken = take_operand(arguments, operand, values); !taken) return std::unexpected(taken.error());
        }
        return arguments;
    }

    [[nodiscard]] Checked<void> take_operand(Arguments& arguments, const Operand& operand,
                                             const std::vector<std::string>& values) const {
        if (values.empty()) {
            if (operand.presence == Presence::optional || operand.presence == Presence::any) return {};
            return usage_error(fmt::format("`rbees {}` needs {}", command_.words, operand.name), help_hint());
        }
        const auto joined = fmt::format("{}", fmt::join(values, " "));
        if (auto fits = check_choice(operand.name, operand.choices, joined); !fits) return fits;
        arguments.set(operand.name, joined);
        return {};
    }

    const Command& command_;
    CLI::App app_;
    std::deque<std::vector<std::string>> found_;  ///< in the order of `add`; a deque, because CLI11 keeps references
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
