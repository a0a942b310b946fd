#include "cli/completion.hpp"

#include <fmt/format.h>

#include "cli/completion_words.hpp"
#include "rbees/base/assert.hpp"

namespace rbees::ctl {
namespace {

/// How a shell says its three kinds of candidates.
struct Dialect {
    std::string_view words;  ///< with {} for the candidates
    std::string_view files;
    std::string_view folders;
};

constexpr Candidates candidates{.call_before = "$(", .call_after = ")"};

std::string offer(const Dialect& dialect, std::string_view words) {
    return fmt::format(fmt::runtime(dialect.words), words);
}

std::string offer_value(const Dialect& dialect, std::string_view choices, Completion completion) {
    if (completion == Completion::files) return std::string(dialect.files);
    if (completion == Completion::folders) return std::string(dialect.folders);
    const auto words = candidates.of(choices, completion);
    return words.empty() ? ":" : offer(dialect, words);
}

std::string with_global_flags(std::string words) {
    for (const auto& flag : global_flags()) {
        words += fmt::format(" {}", flag.name);
    }
    return words;
}

/// One case for each flag with a value, for the word after it.
std::string value_cases(const Dialect& dialect) {
    std::string text;
    for (const auto* flag : value_flags()) {
        const auto letter = flag->letter == 0 ? "" : fmt::format("|-{}", flag->letter);
        text += fmt::format("    {}{}) {}; return ;;\n", flag->name, letter,
                            offer_value(dialect, flag->choices, flag->completion));
    }
    return text;
}

std::string first_case(const Dialect& dialect) {
    std::string words;
    for (const auto& [word, summary] : first_words()) {
        words += fmt::format("{} ", word);
    }
    return fmt::format("    '') {} ;;\n", offer(dialect, with_global_flags(words + "--version --help")));
}

std::string group_case(const Dialect& dialect, const Group& group) {
    std::string verbs;
    for (const auto* command : commands_of(group)) {
        verbs += fmt::format("{} ", command->words.substr(group.word.size() + 1));
    }
    return fmt::format("    '{}') {} ;;\n", group.word, offer(dialect, verbs + "--help"));
}

std::string command_case(const Dialect& dialect, const Command& command) {
    std::string flags = "--help";
    for (const auto& flag : command.flags) {
        flags += fmt::format(" {}", flag.name);
    }
    std::string operand = ":";
    if (!command.operands.empty()) {
        operand = offer_value(dialect, command.operands.front().choices, command.operands.front().completion);
    }
    return fmt::format("    '{}') case \"$now\" in -*) {} ;; *) {} ;; esac ;;\n", command.words,
                       offer(dialect, with_global_flags(flags)), operand);
}

/// What bash and zsh share, after `now` and `before` are set: the value of the flag before, then the place in the
/// command.
std::string cases(const Dialect& dialect) {
    auto text =
        "  case \"$before\" in\n" + value_cases(dialect) + "  esac\n  case \"$place\" in\n" + first_case(dialect);
    for (const auto& group : groups()) {
        text += group_case(dialect, group);
    }
    for (const auto& command : commands()) {
        text += command_case(dialect, command);
    }
    return text + "  esac\n";
}

/// Ids by asking rbees, with what the line says about where it is. `where` is the caller's.
constexpr auto ids_function = R"(_rbees_ids() {
  rbees "${where[@]}" "$1" list "${@:2}" --timeout 1s 2>/dev/null | awk 'NR>1 {print $1}'
}
)";

/// The loop that finds the place; {0} is the array of words, {1} its first index after `rbees`, {2} the index of the
/// word that is being typed, {3} the known places.
constexpr auto place_loop = R"(  for ((i = {1}; i < {2}; i++)); do
    try="${{place:+$place }}${{{0}[i]}}"
    case "$try" in {3}) place="$try" ;; esac
    case "${{{0}[i]}}" in --home|--url) where+=("${{{0}[i]}}" "${{{0}[i+1]/#\~/$HOME}}") ;; esac
  done
)";

std::string find_place(std::string_view words, int first, std::string_view current) {
    return fmt::format(fmt::runtime(place_loop), words, first, current, known_places("|"));
}

}  // namespace

std::string bash_completion() {
    constexpr Dialect dialect{.words = "COMPREPLY=($(compgen -W \"{}\" -- \"$now\"))",
                              .files = "COMPREPLY=($(compgen -f -- \"$now\"))",
                              .folders = "COMPREPLY=($(compgen -d -- \"$now\"))"};
    return fmt::format(
        "# bash completion of rbees; to use it:  source <(rbees completion bash)\n{}"
        "_rbees() {{\n"
        "  local now=\"${{COMP_WORDS[COMP_CWORD]}}\" before=\"${{COMP_WORDS[COMP_CWORD-1]}}\" place='' try i\n"
        "  local -a where=()\n"
        "  COMPREPLY=()\n{}{}}}\ncomplete -F _rbees rbees\n",
        ids_function, find_place("COMP_WORDS", 1, "COMP_CWORD"), cases(dialect));
}

std::string zsh_completion() {
    // ${=...} splits at blanks and lines, whatever the options say.
    constexpr Dialect dialect{.words = "compadd -- ${{=:-{}}}", .files = "_files", .folders = "_files -/"};
    return fmt::format(
        "#compdef rbees\n"
        "# zsh completion of rbees; to use it:  source <(rbees completion zsh)\n{}"
        "_rbees() {{\n"
        "  local now=\"${{words[CURRENT]}}\" before=\"${{words[CURRENT-1]}}\" place='' try i\n"
        "  local -a where=()\n{}{}}}\n"
        "# From a folder of $fpath this file is itself the function.\n"
        "if [[ \"${{funcstack[1]}}\" == _rbees ]]; then _rbees \"$@\"; else compdef _rbees rbees; fi\n",
        ids_function, find_place("words", 2, "CURRENT"), cases(dialect));
}

std::string completion_script(std::string_view shell) {
    if (shell == "bash") return bash_completion();
    if (shell == "zsh") return zsh_completion();
    RBEES_ASSERT(shell == "fish");  // the table has no other choice
    return fish_completion();
}

}  // namespace rbees::ctl
