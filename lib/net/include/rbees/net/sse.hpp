#pragma once
/// @file
/// Server-sent events (WHATWG HTML, section 9.2), both directions; pure, incremental, bounded.

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rbees::net {

struct SseEvent {
    std::string event;  ///< empty for the default "message"
    std::string data;
    std::optional<std::string> id;

    bool operator==(const SseEvent&) const = default;
};

enum class SseError : unsigned char {
    event_too_large,  ///< one event is over the limit: the peer is broken or hostile
};

/// Reads events from bytes that arrive in any pieces. Comments are skipped; an event cut by the end never appears.
class SseParser {
  public:
    explicit SseParser(std::size_t event_bytes_max = 4 << 20) : event_bytes_max_(event_bytes_max) {}

    /// The events that these bytes complete.
    [[nodiscard]] std::expected<std::vector<SseEvent>, SseError> feed(std::string_view bytes);

  private:
    void take_line(std::string_view line, std::vector<SseEvent>& complete);

    std::size_t event_bytes_max_;
    std::string line_;      ///< a line that has not ended yet
    SseEvent event_;        ///< an event that has not ended yet
    bool at_start_ = true;  ///< a byte order mark may come
    bool has_data_ = false;
    bool after_cr_ = false;
};

/// "event: ...\nid: ...\ndata: ...\n\n"; data with line ends becomes several data lines.
[[nodiscard]] std::string format_sse(const SseEvent& event);

}  // namespace rbees::net
