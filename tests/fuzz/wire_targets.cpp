#include <algorithm>
#include <vector>

#include "parser.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/net/message.hpp"
#include "rbees/net/sse.hpp"
#include "rbees/pool_core/answer_head.hpp"
#include "target.hpp"
#include "targets.hpp"

namespace rbees::fuzz {
namespace {

/// Reads chunks as they arrive, in pieces of that size. Nothing if they are refused.
std::optional<std::string> body_of(net::MessageParser& parser, std::string_view bytes, std::size_t piece) {
    std::string body;
    std::string buffer;
    while (true) {
        const auto chunks = parser.parse_chunks(buffer, body);
        if (!chunks) return std::nullopt;
        RBEES_ASSERT(chunks->used <= buffer.size());
        buffer.erase(0, chunks->used);
        if (chunks->is_complete || bytes.empty()) return body;
        buffer += bytes.substr(0, piece);
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
}

std::optional<net::Head> head_of(net::MessageParser& parser, std::string_view bytes, std::size_t& size) {
    net::HeadScan scan;
    if (scan.look(bytes) != net::HeadScan::Verdict::complete) return std::nullopt;
    size = scan.size();
    RBEES_ASSERT(size <= bytes.size());
    auto head = parser.parse_head(bytes.substr(0, size));
    if (!head) return std::nullopt;
    return std::move(*head);
}

/// The events, or nothing where one is too large.
std::optional<std::vector<net::SseEvent>> events_of(std::string_view bytes, std::size_t piece) {
    constexpr std::size_t event_bytes_max = 1000;
    net::SseParser parser(event_bytes_max);
    std::vector<net::SseEvent> all;
    while (!bytes.empty()) {
        auto events = parser.feed(bytes.substr(0, piece));
        if (!events) return std::nullopt;
        for (auto& event : *events) {
            RBEES_ASSERT(event.data.size() <= event_bytes_max);
            all.push_back(std::move(event));
        }
        bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return all;
}

}  // namespace

void read_request(std::string_view bytes) {
    net::MessageParser parser(net::MessageParser::Kind::request);
    std::size_t size = 0;
    auto head = head_of(parser, bytes, size);
    if (!head) return;
    net::Request request;
    request.target = head->target;
    if (net::split_target(request) == net::TargetVerdict::fine) {
        RBEES_ASSERT(request.path.find('\0') == std::string::npos);
    }
    if (head->body != net::BodyKind::chunked) return;
    const auto rest = bytes.substr(size);
    const auto whole = body_of(parser, rest, rest.size() + 1);
    net::MessageParser other(net::MessageParser::Kind::request);
    RBEES_ASSERT(head_of(other, bytes, size).has_value());
    RBEES_ASSERT(body_of(other, rest, 1) == whole);
}

void read_events(std::string_view bytes) {
    const auto whole = events_of(bytes, bytes.size());
    const auto pieces = events_of(bytes, 3);
    if (whole && pieces) RBEES_ASSERT(*whole == *pieces);
}

void read_answer_head(std::string_view bytes) {
    const auto found = pool::find_final_head(bytes);
    if (!found) return;
    RBEES_ASSERT(found->bytes <= bytes.size());
    RBEES_ASSERT(pool::find_final_head(bytes.substr(0, found->bytes)).has_value());
}

void read_url(std::string_view bytes) {
    if (const auto url = net::parse_url(bytes)) {
        const auto again = net::parse_url(url->scheme + "://" + url->authority() + url->target);
        RBEES_ASSERT(again == url);
    }
    static_cast<void>(net::parse_endpoint(bytes));
    static_cast<void>(net::is_loopback(bytes));
    RBEES_ASSERT(bytes.find('\0') != std::string_view::npos ||
                 net::percent_decode(net::percent_encode(bytes)) == std::string(bytes));
}

}  // namespace rbees::fuzz
