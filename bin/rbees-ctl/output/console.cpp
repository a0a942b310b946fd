#include "output/console.hpp"

#include <ostream>

#include "rbees/reflect/json.hpp"

namespace rbees::ctl {

void Console::print(std::string_view text) {
    *out_.stream << text << std::flush;
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
    *err_.stream << line << '\n' << std::flush;
}

void Console::write_aside(std::string_view text) {
    if (verbosity_ != Verbosity::quiet) *err_.stream << text << std::flush;
}

ProgressLine Console::progress() {
    return {err_.terminal, [this](std::string_view text) { write_aside(text); }};
}

}  // namespace rbees::ctl
