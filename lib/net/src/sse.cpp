#include "rbees/net/sse.hpp"

#include <algorithm>
#include <utility>

namespace rbees::net {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// A field's value has no line end: it would begin another field.
void append_line(std::string& text, std::string_view name, std::string_view value) {
    text += name;
    text += ": ";
    for (const char c : value) {
        if (c != '\r' && c != '\n' && c != '\0') text += c;
    }
    text += '\n';
}

}  // namespace

std::expected<std::vector<SseEvent>, SseError> SseParser::feed(std::string_view bytes) {
    std::vector<SseEvent> complete;
    if (after_cr_ && !bytes.empty()) {
        if (bytes.front() == '\n') bytes.remove_prefix(1);
        after_cr_ = false;
    }
    while (!bytes.empty()) {
        const auto end = bytes.find_first_of("\r\n");
        const auto part = bytes.substr(0, end);
        if (line_.size() + part.size() + event_.data.size() > event_bytes_max_) {
            return std::unexpected(SseError::event_too_large);
        }
        if (end == std::string_view::npos) {
            line_ += part;
            return complete;
        }
        if (line_.empty()) {
            take_line(part, complete);
        } else {
            line_ += part;
            take_line(std::exchange(line_, {}), complete);
        }
        const auto is_cr = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        after_cr_ = is_cr && bytes.empty();
        if (is_cr && bytes.starts_with('\n')) bytes.remove_prefix(1);
    }
    return complete;
}

void SseParser::take_line(std::string_view line, std::vector<SseEvent>& complete) {
    if (std::exchange(at_start_, false) && line.starts_with(byte_order_mark))
        line.remove_prefix(byte_order_mark.size());
    if (line.empty()) {
        auto event = std::exchange(event_, {});
        if (std::exchange(has_data_, false)) complete.push_back(std::move(event));
        return;
    }
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    auto value = line.substr(std::min(line.size(), colon + 1));
    if (value.starts_with(' ')) value.remove_prefix(1);

    if (name == "data") {
        if (std::exchange(has_data_, true)) event_.data += '\n';
        event_.data += value;
    } else if (name == "event") {
        event_.event = value;
    } else if (name == "id" && !value.contains('\0')) {
        event_.id = value;
    }
}

std::string format_sse(const SseEvent& event) {
    std::string text;
    text.reserve(event.data.size() + event.event.size() + 32);
    if (!event.event.empty()) append_line(text, "event", event.event);
    if (event.id) append_line(text, "id", *event.id);
    for (std::string_view rest = event.data;;) {
        const auto end = rest.find_first_of("\r\n");
        text += "data: ";
        text += rest.substr(0, end);
        text += '\n';
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    text += '\n';
    return text;
}

}  // namespace rbees::net
