#include "json_text.hpp"

#include <fmt/format.h>

#include <iterator>

#include "utf8_sequence.hpp"

namespace rbees {
namespace {

void append_ascii(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    } else {
        out += c;
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const auto sequence = first_utf8_sequence(text);
        if (sequence.state != Utf8State::complete) {
            out += "\ufffd";
        } else if (sequence.length == 1) {
            append_ascii(out, text.front());
        } else {
            out += text.substr(0, sequence.length);
        }
        text.remove_prefix(sequence.length);
    }
    out += '"';
}

}  // namespace rbees
