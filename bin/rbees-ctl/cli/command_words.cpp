#include "cli/command_words.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rbees/base/spelling.hpp"

namespace rbees::ctl {
namespace {

/// "did you mean `rbees models`?", or where to look.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known, std::string_view before) {
    const auto nearest = nearest_name(word, known);
    if (nearest) return fmt::format("did you mean `rbees {}{}`?", before, *nearest);
    return before.empty() ? "`rbees --help` lists every command" : fmt::format("`rbees {}--help` lists them", before);
}

std::unexpected<CliError> unknown_command(std::string_view word) {
    std::vector<std::string_view> known;
    for (const auto& command : commands()) {
        known.push_back(command.words.substr(0, command.words.find(' ')));
    }
    return usage_error(fmt::format("there is no command '{}'", word), suggestion(word, known, ""));
}

std::unexpected<CliError> unknown_verb(const Group& group, std::string_view word) {
    std::vector<std::string_view> known;
    for (const auto* command : commands_of(group)) {
        known.push_back(command->words.substr(group.word.size() + 1));
    }
    return usage_error(fmt::format("there is no command '{} {}'", group.word, word),
                       suggestion(word, known, fmt::format("{} ", group.word)));
}

/// Whether the word after this one is its value.
bool takes_next_word(const Command* command, std::string_view word) {
    if (word.find('=') != std::string_view::npos) return false;
    const auto* flag = find_flag(command, word);
    return flag != nullptr && flag->kind != ValueKind::none;
}

/// Takes a word for the command. Fails if no command has it there.
Checked<void> take_word(CommandWords& found, const std::string& word) {
    if (found.group != nullptr) {
        found.command = find_command(fmt::format("{} {}", found.group->word, word));
        if (found.command == nullptr) return unknown_verb(*found.group, word);
        return {};
    }
    found.group = find_group(word);
    if (found.group == nullptr) found.command = find_command(word);
    if (found.group == nullptr && found.command == nullptr) return unknown_command(word);
    return {};
}

}  // namespace

const Flag* find_flag(const Command* command, std::string_view written) {
    const auto is_it = [&](const Flag& flag) {
        return written == flag.name || (flag.letter != 0 && written == std::string{'-', flag.letter});
    };
    if (command != nullptr) {
        const auto own = std::ranges::find_if(command->flags, is_it);
        if (own != command->flags.end()) return &*own;
    }
    const auto global = std::ranges::find_if(global_flags(), is_it);
    return global == global_flags().end() ? nullptr : &*global;
}

Checked<CommandWords> find_command_words(const std::vector<std::string>& words) {
    CommandWords found;
    for (auto word = words.begin(); word != words.end(); ++word) {
        const bool is_option = word->size() > 1 && word->starts_with('-');
        if (found.command == nullptr && !is_option) {
            if (auto taken = take_word(found, *word); !taken) return std::unexpected(taken.error());
            continue;
        }
        found.rest.push_back(*word);
        if (!is_option || found.command != nullptr) continue;
        if (takes_next_word(nullptr, *word) && std::next(word) != words.end()) found.rest.push_back(*++word);
    }
    return found;
}

}  // namespace rbees::ctl
