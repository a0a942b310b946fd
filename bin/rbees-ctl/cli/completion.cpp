#include "cli/completion.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"
#include "rbees/base/assert.hpp"

namespace rbees::ctl {
namespace {

/// What a shell calls to list ids; the first column of a list, without its heading.
constexpr std::string_view ask_for_ids = "rbees {0} list{1} --timeout 1s 2>/dev/null | awk 'NR>1 {{print $1}}'";

std::string list_command(Completion completion) {
    switch (completion) {
        case Completion::models:
            return fmt::format(ask_for_ids, "models", " --all");
        case Completion::workers:
            return fmt::format(ask_for_ids, "workers", "");
        case Completion::nodes:
            return fmt::format(ask_for_ids, "nodes", "");
        case Completion::tokens:
            return fmt::format(ask_for_ids, "tokens", "");
        default:
            return {};
    }
}

std::string words_of(std::string_view choices) {
    std::string words;
    for_each_choice(choices,
                    [&](std::string_view choice) { words += fmt::format("{}{}", words.empty() ? "" : " ", choice); });
    return words;
}

/// Everything that may stand at the first place: single commands and nouns.
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

std::string flag_words(const Command* command) {
    std::string words = "--help";
    const auto add = [&](const Flag& flag) { words += fmt::format(" {}", flag.name); };
    if (command != nullptr) {
        for (const auto& flag : command->flags) {
            add(flag);
        }
    }
    for (const auto& flag : global_flags()) {
        add(flag);
    }
    return words;
}

std::string topic_words() {
    std::string words;
    for (const auto& topic : topics()) {
        words += fmt::format("{}{}", words.empty() ? "" : " ", topic.name);
    }
    return words;
}

/// A shell expression that gives the candidates of a value, for `compgen -W` and `compadd`; empty for none.
std::string candidates(std::string_view choices, Completion completion) {
    if (!choices.empty()) return words_of(choices);
    if (completion == Completion::commands) return topic_words();
    const auto command = list_command(completion);
    return command.empty() ? "" : fmt::format("$({})", command);
}

/// Every flag that takes a value, once.
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

/// How a shell says its three kinds of candidates.
struct Dialect {
    std::string_view words;  ///< with {} for the candidates
    std::string_view files;
    std::string_view folders;
};

std::string complete_value(const Dialect& dialect, std::string_view choices, Completion completion) {
    if (completion == Completion::files) return std::string(dialect.files);
    if (completion == Completion::folders) return std::string(dialect.folders);
    const auto words = candidates(choices, completion);
    return words.empty() ? ":" : fmt::format(fmt::runtime(dialect.words), words);
}

/// The two `case`s that bash and zsh share: the value of the option before, then the place in the command.
std::string cases(const Dialect& dialect) {
    std::string text = "  case \"$before\" in\n";
    for (const auto* flag : value_flags()) {
        const auto letter = flag->letter == 0 ? "" : fmt::format("|-{}", flag->letter);
        text += fmt::format("    {}{}) {}; return ;;\n", flag->name, letter,
                            complete_value(dialect, flag->choices, flag->completion));
    }
    text += "  esac\n  case \"$place\" in\n";
    std::string first;
    for (const auto& [word, summary] : first_words()) {
        first += fmt::format("{}{}", first.empty() ? "" : " ", word);
    }
    text += fmt::format("    '') {} ;;\n",
                        fmt::format(fmt::runtime(dialect.words), first + " --version " + flag_words(nullptr)));
    for (const auto& group : groups()) {
        std::string verbs;
        for (const auto* command : commands_of(group)) {
            verbs += fmt::format("{} ", command->words.substr(group.word.size() + 1));
        }
        text +=
            fmt::format("    '{}') {} ;;\n", group.word, fmt::format(fmt::runtime(dialect.words), verbs + "--help"));
    }
    for (const auto& command : commands()) {
        auto value = std::string(":");
        if (!command.operands.empty()) {
            value = complete_value(dialect, command.operands[0].choices, command.operands[0].completion);
        }
        text += fmt::format("    '{}') case \"$now\" in -*) {} ;; *) {} ;; esac ;;\n", command.words,
                            fmt::format(fmt::runtime(dialect.words), flag_words(&command)), value);
    }
    return text + "  esac\n";
}

/// The pattern of all words that belong to commands, so that other words are not taken for one.
std::string known_places() {
    std::string pattern;
    const auto add = [&](std::string_view words) {
        pattern += fmt::format("{}'{}'", pattern.empty() ? "" : "|", words);
    };
    for (const auto& group : groups()) {
        add(group.word);
    }
    for (const auto& command : commands()) {
        add(command.words);
    }
    return pattern;
}

std::string bash_script() {
    constexpr Dialect dialect{.words = "COMPREPLY=($(compgen -W \"{}\" -- \"$now\"))",
                              .files = "COMPREPLY=($(compgen -f -- \"$now\"))",
                              .folders = "COMPREPLY=($(compgen -d -- \"$now\"))"};
    return fmt::format(
        "# bash completion of rbees; to use it:  source <(rbees completion bash)\n"
        "_rbees() {{\n"
        "  local now=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD-1]}}\" place='' try i\n"
        "  COMPREPLY=()\n"
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "    try=\"${{place:+$place }}${{COMP_WORDS[i]}}\"\n"
        "    case \"$try\" in {}) place=\"$try\" ;; esac\n"
        "  done\n{}}}\ncomplete -F _rbees rbees\n",
        known_places(), cases(dialect));
}

std::string zsh_script() {
    constexpr Dialect dialect{.words = "compadd -- ${{(z):-\"{}\"}}", .files = "_files", .folders = "_files -/"};
    return fmt::format(
        "#compdef rbees\n"
        "# zsh completion of rbees; to use it:  source <(rbees completion zsh)\n"
        "_rbees() {{\n"
        "  local now=\"${{words[CURRENT]}}\" before=\"${{words[CURRENT-1]}}\" place='' try i\n"
        "  for ((i = 2; i < CURRENT; i++)); do\n"
        "    try=\"${{place:+$place }}${{words[i]}}\"\n"
        "    case \"$try\" in {}) place=\"$try\" ;; esac\n"
        "  done\n{}}}\ncompdef _rbees rbees\n",
        known_places(), cases(dialect));
}

/// Text inside single quotes of fish.
std::string quoted(std::string_view text) {
    std::string safe = "'";
    for (const char letter : text) {
        if (letter == '\'' || letter == '\\') safe += '\\';
        safe += letter;
    }
    return safe + "'";
}

std::string fish_flag(const Flag& flag, std::string_view condition) {
    auto line = fmt::format("complete -c rbees -n {} -l {} -d {}", quoted(condition), flag.name.substr(2),
                            quoted(flag.description));
    if (flag.letter != 0) line += fmt::format(" -s {}", flag.letter);
    if (flag.kind == ValueKind::none) return line + "\n";
    line += " -r";
    if (flag.completion == Completion::files || flag.completion == Completion::folders) return line + " -F\n";
    const auto words = candidates(flag.choices, flag.completion);
    // fish writes a command substitution without the dollar sign
    if (!words.empty()) line += " -a " + quoted(words.starts_with('$') ? words.substr(1) : words);
    return line + "\n";
}

std::string fish_command(const Command& command) {
    const auto space = command.words.find(' ');
    const auto condition = fmt::format("__rbees_at {}", command.words);
    const auto before = space == std::string_view::npos ? std::string("__rbees_at")
                                                        : fmt::format("__rbees_at {}", command.words.substr(0, space));
    const auto word = space == std::string_view::npos ? command.words : command.words.substr(space + 1);
    auto text = fmt::format("complete -c rbees -n {} -a {} -d {}\n", quoted(before), word, quoted(command.summary));
    for (const auto& flag : command.flags) {
        text += fish_flag(flag, condition);
    }
    if (command.operands.empty()) return text;
    const auto words = candidates(command.operands[0].choices, command.operands[0].completion);
    if (words.empty()) return text;
    return text + fmt::format("complete -c rbees -n {} -a {}\n", quoted(condition),
                              quoted(words.starts_with('$') ? words.substr(1) : words));
}

std::string fish_script() {
    auto text = fmt::format(
        "# fish completion of rbees; to use it:  rbees completion fish | source\n"
        "function __rbees_at --description 'whether the command so far is exactly this'\n"
        "  set -l place ''\n"
        "  for word in (commandline -opc)[2..-1]\n"
        "    set -l try (string trim \"$place $word\")\n"
        "    contains -- $try {} && set place $try\n"
        "  end\n"
        "  test \"$place\" = \"$argv\"\n"
        "end\n"
        "complete -c rbees -f\n",
        [] {
            auto places = known_places();
            for (auto& letter : places) {
                if (letter == '|') letter = ' ';
            }
            return places;
        }());
    for (const auto& group : groups()) {
        text += fmt::format("complete -c rbees -n '__rbees_at' -a {} -d {}\n", group.word, quoted(group.summary));
    }
    for (const auto& command : commands()) {
        text += fish_command(command);
    }
    for (const auto& flag : global_flags()) {
        text += fish_flag(flag, "true");
    }
    return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
    if (shell == "bash") return bash_script();
    if (shell == "zsh") return zsh_script();
    RBEES_ASSERT(shell == "fish");  // the table has no other choice
    return fish_script();
}

}  // namespace rbees::ctl
