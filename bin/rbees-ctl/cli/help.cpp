#include "cli/help.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace rbees::ctl {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

/// "  name   meaning" lines with the meanings in one column.
std::string listing(const Lines& lines) {
    std::size_t width = 0;
    for (const auto& [name, meaning] : lines) {
        width = std::max(width, name.size());
    }
    std::string text;
    for (const auto& [name, meaning] : lines) {
        text += fmt::format("  {:{}}  {}\n", name, width, meaning);
    }
    return text;
}

std::string written(const Operand& operand) {
    switch (operand.presence) {
        case Presence::required:
            return std::string(operand.name);
        case Presence::optional:
            return fmt::format("[{}]", operand.name);
        case Presence::rest:
            return fmt::format("{}...", operand.name);
        case Presence::any:
            return fmt::format("[{}]...", operand.name);
    }
    return {};
}

std::string written(const Flag& flag) {
    auto text = flag.letter == 0 ? fmt::format("    {}", flag.name) : fmt::format("-{}, {}", flag.letter, flag.name);
    if (flag.kind != ValueKind::none) text += fmt::format(" {}", flag.value);
    return text;
}

std::string described(std::string_view description, std::string_view choices) {
    auto text = std::string(description);
    if (choices.empty()) return text;
    text += ": ";
    for (const char letter : choices) {
        text += letter == '|' ? std::string(", ") : std::string(1, letter);
    }
    return text;
}

std::string options(std::string_view title, std::span<const Flag> flags) {
    Lines lines;
    for (const auto& flag : flags) {
        lines.emplace_back(written(flag), described(flag.description, flag.choices));
    }
    return lines.empty() ? "" : fmt::format("\n{}:\n{}", title, listing(lines));
}

std::string command_help(const Command& command) {
    Lines examples;
    for (const auto& example : command.examples) {
        examples.emplace_back(example.line, example.meaning);
    }
    std::string usage = fmt::format("rbees {}", command.words);
    Lines operands;
    for (const auto& operand : command.operands) {
        usage += " " + written(operand);
        operands.emplace_back(operand.name, described(operand.description, operand.choices));
    }
    auto text = fmt::format("rbees {}: {}\n\nExamples:\n{}\nUsage:\n  {} [OPTION]...\n", command.words, command.summary,
                            listing(examples), usage);
    if (!operands.empty()) text += fmt::format("\n{}", listing(operands));
    if (!command.details.empty()) text += fmt::format("\n{}\n", command.details);
    return text + options("Options", command.flags) + options("Options of every command", global_flags());
}

std::string group_help(const Group& group) {
    Lines examples;
    Lines verbs;
    for (const auto* command : commands_of(group)) {
        verbs.emplace_back(command->words, command->summary);
        if (examples.size() < 4)
            examples.emplace_back(command->examples.front().line, command->examples.front().meaning);
    }
    return fmt::format("rbees {}: {}\n\nExamples:\n{}\nCommands:\n{}\n`rbees {} VERB --help` says more about one.\n",
                       group.word, group.summary, listing(examples), listing(verbs), group.word);
}

std::string whole_help() {
    const Lines examples{
        {"rbees up", "start everything, with a model"},
        {"rbees run \"Why is the sky blue?\"", "ask it something"},
        {"rbees status", "what is running, and where"},
        {"rbees down", "stop everything"},
    };
    Lines single;
    for (const auto& command : commands()) {
        if (command.words.find(' ') == std::string_view::npos) single.emplace_back(command.words, command.summary);
    }
    Lines nouns;
    for (const auto& group : groups()) {
        nouns.emplace_back(group.word, group.summary);
    }
    Lines pages;
    for (const auto& topic : topics()) {
        pages.emplace_back(fmt::format("help {}", topic.name), topic.summary);
    }
    return fmt::format(
        "rbees: your own machines as one private AI service\n\nExamples:\n{}\nUsage:\n  rbees COMMAND [OPTION]...\n"
        "\nCommands:\n{}\nThings with commands of their own:\n{}\nMore to read:\n{}{}\n"
        "`rbees COMMAND --help` says more about one; `rbees --version` which build this is.\n",
        listing(examples), listing(single), listing(nouns), listing(pages),
        options("Options of every command", global_flags()));
}

}  // namespace

std::optional<std::string> help_of(std::string_view words) {
    if (words.empty()) return whole_help();
    if (const auto* command = find_command(words)) return command_help(*command);
    if (const auto* group = find_group(words)) return group_help(*group);
    const auto topic = std::ranges::find(topics(), words, &Topic::name);
    if (topic != topics().end()) return topic->text();
    return std::nullopt;
}

}  // namespace rbees::ctl
