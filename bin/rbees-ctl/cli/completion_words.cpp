#include "cli/completion_words.hpp"

#include <fmt/format.h>

#include <set>

#include "cli/help.hpp"
#include "cli/values.hpp"

namespace rbees::ctl {
namespace {

std::string words_of(std::string_view choices) {
    std::string words;
    for_each_choice(choices,
                    [&](std::string_view choice) { words += fmt::format("{}{}", words.empty() ? "" : " ", choice); });
    return words;
}

/// What `rbees help` takes: commands, nouns, pages.
std::string help_words() {
    std::string words;
    for (const auto& [word, summary] : first_words()) {
        words += fmt::format("{} ", word);
    }
    for (const auto& topic : topics()) {
        words += fmt::format("{} ", topic.name);
    }
    words.pop_back();
    return words;
}

/// The arguments of `_rbees_ids`; empty for what has no ids.
std::string_view list_of(Completion completion) {
    switch (completion) {
        case Completion::models:
            return "models --all";
        case Completion::workers:
            return "workers";
        case Completion::nodes:
            return "nodes";
        case Completion::tokens:
            return "tokens";
        case Completion::jobs:
            return "jobs";
        case Completion::live_jobs:
            return "jobs --status live";
        case Completion::sessions:
            return "sessions";
        case Completion::open_sessions:
            return "sessions --open";
        default:
            return {};
    }
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> first_words() {
    std::vector<std::pair<std::string_view, std::string_view>> words;
    for (const auto& command : commands()) {
        if (command.words.find(' ') == std::string_view::npos) words.emplace_back(command.words, command.summary);
    }
    for (const auto& group : groups()) {
        words.emplace_back(group.word, group.summary);
    }
    return words;
}

std::vector<const Flag*> value_flags() {
    std::vector<const Flag*> flags;
    std::set<std::string_view> seen;
    const auto add = [&](const Flag& flag) {
        if (flag.kind != ValueKind::none && seen.insert(flag.name).second) flags.push_back(&flag);
    };
    for (const auto& command : commands()) {
        for (const auto& flag : command.flags) {
            add(flag);
        }
    }
    for (const auto& flag : global_flags()) {
        add(flag);
    }
    return flags;
}

std::string known_places(std::string_view separator) {
    std::string places;
    const auto add = [&](std::string_view words) {
        places += fmt::format("{}'{}'", places.empty() ? "" : separator, words);
    };
    for (const auto& group : groups()) {
        add(group.word);
    }
    for (const auto& command : commands()) {
        add(command.words);
    }
    return places;
}

std::string Candidates::of(std::string_view choices, Completion completion) const {
    if (!choices.empty()) return words_of(choices);
    if (completion == Completion::commands) return help_words();
    const auto list = list_of(completion);
    return list.empty() ? "" : fmt::format("{}_rbees_ids {}{}", call_before, list, call_after);
}

}  // namespace rbees::ctl
