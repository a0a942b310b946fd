#include "parser.hpp"

namespace rbees::net {

namespace {

/// Whether a line has a control character other than a tab. No early exit, so that it compiles to vector code.
bool has_control(std::string_view line) {
    unsigned found = 0;
    for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        found |= static_cast<unsigned>(byte < 0x20) & static_cast<unsigned>(byte != '\t');
        found |= static_cast<unsigned>(byte == 0x7f);
    }
    return found != 0;
}

}  // namespace

HeadScan::Verdict HeadScan::refuse(ParseError error) {
    error_ = error;
    return Verdict::refused;
}

HeadScan::Verdict HeadScan::look(std::string_view bytes) {
    for (;;) {
        const auto end = bytes.find('\n', scanned_);
        if (end == std::string_view::npos) {
            scanned_ = bytes.size();
            return Verdict::incomplete;
        }
        if (end == line_start_ || bytes[end - 1] != '\r') return refuse("a line of the head does not end in CR LF");
        const auto line = bytes.substr(line_start_, end - 1 - line_start_);
        if (has_control(line)) return refuse("the head holds a control character");
        if (line_start_ > 0 && !line.empty() && (line.front() == ' ' || line.front() == '\t')) {
            return refuse("a header field is folded over two lines");
        }
        line_start_ = scanned_ = end + 1;
        if (line.empty()) return Verdict::complete;
    }
}

}  // namespace rbees::net
