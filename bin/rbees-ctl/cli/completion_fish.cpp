#include <fmt/format.h>

#include "cli/completion.hpp"
#include "cli/completion_words.hpp"

namespace rbees::ctl {
namespace {

constexpr Candidates candidates{.call_before = "(", .call_after = ")"};

/// Text inside single quotes of fish.
std::string quoted(std::string_view text) {
    std::string safe = "'";
    for (const char letter : text) {
        if (letter == '\'' || letter == '\\') safe += '\\';
        safe += letter;
    }
    return safe + "'";
}

std::string complete(std::string_view condition, std::string_view rest) {
    return fmt::format("complete -c rbees -n {} {}\n", quoted(condition), rest);
}

std::string at(std::string_view place) {
    return place.empty() ? "__rbees_at" : fmt::format("__rbees_at {}", place);
}

std::string flag_line(const Flag& flag, std::string_view condition) {
    auto rest = fmt::format("-l {} -d {}", flag.name.substr(2), quoted(flag.description));
    if (flag.letter != 0) rest += fmt::format(" -s {}", flag.letter);
    if (flag.kind == ValueKind::none) return complete(condition, rest);
    const bool is_path = flag.completion == Completion::files || flag.completion == Completion::folders;
    if (is_path) return complete(condition, rest + " -r -F");
    const auto words = candidates.of(flag.choices, flag.completion);
    return complete(condition, rest + " -x" + (words.empty() ? "" : " -a " + quoted(words)));
}

std::string command_lines(const Command& command) {
    const auto space = command.words.find(' ');
    const bool is_verb = space != std::string_view::npos;
    const auto before = is_verb ? command.words.substr(0, space) : std::string_view();
    const auto word = is_verb ? command.words.substr(space + 1) : command.words;
    auto text = complete(at(before), fmt::format("-a {} -d {}", word, quoted(command.summary)));
    for (const auto& flag : command.flags) {
        text += flag_line(flag, at(command.words));
    }
    if (command.operands.empty()) return text;
    const auto& operand = command.operands.front();
    const auto words = candidates.of(operand.choices, operand.completion);
    return words.empty() ? text : text + complete(at(command.words), "-a " + quoted(words));
}

constexpr auto functions = R"(# fish completion of rbees; to use it:  rbees completion fish | source
function __rbees_at --description 'whether the command so far is exactly this'
  set -l place ''
  for word in (commandline -opc)[2..-1]
    set -l try (string trim "$place $word")
    contains -- $try {} && set place $try
  end
  test "$place" = "$argv"
end
function _rbees_ids --description 'ids of models, workers, ..., as the --home and --url of the line show them'
  set -l words (commandline -opc)
  set -l where
  for i in (seq 2 (count $words))
    contains -- $words[$i] --home --url || continue
    set -a where $words[$i] (string replace -r '^~' $HOME -- $words[(math $i + 1)])
  end
  rbees $where $argv[1] list $argv[2..-1] --timeout 1s 2>/dev/null | awk 'NR>1 {{print $1}}'
end
complete -c rbees -f
complete -c rbees -n 'true' -s h -l help -d 'explain the command'
complete -c rbees -n '__rbees_at' -l version -d 'which build this is'
)";

}  // namespace

std::string fish_completion() {
    auto text = fmt::format(fmt::runtime(functions), known_places(" "));
    for (const auto& group : groups()) {
        text += complete(at(""), fmt::format("-a {} -d {}", group.word, quoted(group.summary)));
    }
    for (const auto& command : commands()) {
        text += command_lines(command);
    }
    for (const auto& flag : global_flags()) {
        text += flag_line(flag, "true");
    }
    return text;
}

}  // namespace rbees::ctl
