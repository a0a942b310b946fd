#pragma once
/// @file
/// The two streams of a command: the payload goes to stdout, everything else to stderr, so that a pipe gets only what
/// was asked for.

#include <cstdint>
#include <iosfwd>
#include <string_view>

#include <boost/json/value.hpp>

#include "output/colour.hpp"
#include "output/progress.hpp"
#include "output/table.hpp"

namespace rbees::ctl {

enum class OutputForm : std::uint8_t { text, json };
enum class Verbosity : std::uint8_t { quiet, normal, verbose };

/// One stream and what is at its other end.
struct Stream {
    std::ostream* stream = nullptr;
    Terminal terminal = Terminal::no;
    Colour colour = Colour::off;
};

/// Writes and flushes. A terminal gets text that cannot command it (terminal_text.hpp), a pipe the bytes as they are.
void write_to(const Stream& stream, std::string_view text);

/// Does not own the streams. Not thread-safe.
class Console {
  public:
    Console(Stream out, Stream err, OutputForm form, Verbosity verbosity)
        : out_(out), err_(err), form_(form), verbosity_(verbosity) {}

    [[nodiscard]] OutputForm form() const { return form_; }
    [[nodiscard]] Verbosity verbosity() const { return verbosity_; }
    [[nodiscard]] const Stream& out() const { return out_; }
    [[nodiscard]] const Stream& err() const { return err_; }

    /// Payload, as `write_to` does; flushed, so that a reader sees each token as it comes.
    void print(std::string_view text);

    void print(const Table& table) { print(render(table, out_.colour)); }

    /// Payload as JSON: indented for a person, one line for a program.
    void print_json(const boost::json::value& value);

    /// Payload in the form that was asked for: `json` with --json, else `text`.
    void answer(const boost::json::value& json, std::string_view text);
    void answer(const boost::json::value& json, const Table& table) { answer(json, render(table, out_.colour)); }

    /// A line on stderr that says what is going on; not with --quiet.
    void note(std::string_view line);

    /// A line on stderr that --quiet does not silence.
    void warn(std::string_view line);

    /// Text on stderr that is no line; not with --quiet.
    void write_aside(std::string_view text);

    /// A progress line on stderr. Not for longer than this Console.
    [[nodiscard]] ProgressLine progress();

  private:
    Stream out_;
    Stream err_;
    OutputForm form_;
    Verbosity verbosity_;
};

}  // namespace rbees::ctl
