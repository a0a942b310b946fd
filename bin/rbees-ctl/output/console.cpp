#include "output/console.hpp"

#include <fmt/format.h>

#include <ostream>

#include "output/terminal_text.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::ctl {

void write_to(const Stream& stream, std::string_view text) {
    if (stream.terminal == Terminal::no) {
        *stream.stream << text << std::flush;
    } else {
        *stream.stream << for_terminal(text, stream.colour) << std::flush;
    }
}

void Console::print(std::string_view text) {
    write_to(out_, text);
}

void Console::print_json(const boost::json::value& value) {
    if (out_.terminal == Terminal::no) return print(reflect::to_text(value) + "\n");
    auto text = reflect::to_pretty_text(value);
    if (!text.ends_with('\n')) text += '\n';
    print(text);
}

void Console::answer(const boost::json::value& json, std::string_view text) {
    if (form_ == OutputForm::json) return print_json(json);
    print(text);
}

void Console::note(std::string_view line) {
    if (verbosity_ != Verbosity::quiet) warn(line);
}

void Console::warn(std::string_view line) {
    write_to(err_, fmt::format("{}\n", line));
}

void Console::write_aside(std::string_view text) {
    if (verbosity_ != Verbosity::quiet) write_to(err_, text);
}

ProgressLine Console::progress() {
    return {err_.terminal, [this](std::string_view text) {
                if (verbosity_ != Verbosity::quiet) *err_.stream << text << std::flush;  // it moves the cursor
            }};
}

}  // namespace rbees::ctl
