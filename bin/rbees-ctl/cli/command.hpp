#pragma once
/// @file
/// The shape of the command table. Parsing, `--help`, completion, "did you mean" and the check of docs/cli.md all come
/// from it, so a verb is described once.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/outcome.hpp"
#include "rbees/base/time.hpp"

namespace rbees::ctl {

class Session;

/// What may stand for a value; checked before a handler runs.
enum class ValueKind : std::uint8_t { none, text, whole_number, whole_from_zero, number, duration, endpoints };

/// Whose ids complete a value on Tab.
enum class Completion : std::uint8_t {
    none,
    models,
    workers,
    nodes,
    tokens,
    jobs,  ///< the newest
    live_jobs,
    sessions,  ///< the newest
    open_sessions,
    files,
    folders,
    commands,
};

/// An option of the command line. One without a value is a switch.
struct Flag {
    std::string_view name;  ///< "--model"
    char letter = 0;        ///< 'm' for -m; 0 for none
    ValueKind kind = ValueKind::none;
    std::string_view value;  ///< how help calls the value: "ID"
    std::string_view description;
    std::string_view choices;  ///< "bash|zsh|fish": the only values; empty for any
    Completion completion = Completion::none;
};

enum class Presence : std::uint8_t {
    required,
    optional,
    rest,  ///< one or more words, joined by blanks
    any,   ///< none, or several words, joined by blanks
};

/// What stands without a flag: the thing a command is about.
struct Operand {
    std::string_view name;  ///< "MODEL"
    Presence presence = Presence::required;
    std::string_view description;
    std::string_view choices;
    Completion completion = Completion::none;
};

struct Example {
    std::string_view line;
    std::string_view meaning;
};

/// What a command line said, already checked against the table.
class Arguments {
  public:
    void set(std::string_view name, std::string value) {
        values_.insert_or_assign(std::string(name), std::move(value));
    }

    [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    [[nodiscard]] std::string required(std::string_view name) const;  ///< an operand or flag that the table requires
    [[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view name) const;
    [[nodiscard]] std::optional<double> number(std::string_view name) const;
    [[nodiscard]] std::optional<Duration> duration(std::string_view name) const;

  private:
    std::map<std::string, std::string, std::less<>> values_;  ///< by the flag's or operand's name
};

using Handler = Outcome (*)(Session& session, const Arguments& arguments);

struct Command {
    std::string_view words;  ///< "models pull"
    std::string_view summary;
    std::string_view details;  ///< more for `--help`; may be empty
    std::vector<Operand> operands;
    std::vector<Flag> flags;
    std::vector<Example> examples;
    Handler run = nullptr;
};

/// A noun with verbs under it.
struct Group {
    std::string_view word;
    std::string_view summary;
};

/// Every command, in the order of `rbees --help`.
[[nodiscard]] std::span<const Command> commands();
[[nodiscard]] std::span<const Group> groups();

/// The options that every command takes.
[[nodiscard]] std::span<const Flag> global_flags();

/// The command of these words, if there is one.
[[nodiscard]] const Command* find_command(std::string_view words);
[[nodiscard]] const Group* find_group(std::string_view word);
[[nodiscard]] std::vector<const Command*> commands_of(const Group& group);

}  // namespace rbees::ctl
