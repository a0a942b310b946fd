#include <algorithm>
#include <vector>

#include "parser.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/utf8.hpp"
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
    const auto is_complete = [&](std::size_t end) {
        net::HeadScan other;
        return other.look(bytes.substr(0, end)) == net::HeadScan::Verdict::complete;
    };
    RBEES_ASSERT(is_complete(size) && !is_complete(size - 1));
    auto head = parser.parse_head(bytes.substr(0, size));
    if (!head) return std::nullopt;
    return std::move(*head);
}

/// Reads a chunked body, at once and byte by byte: both must say the same.
void read_body(net::MessageParser& parser, net::MessageParser::Kind kind, std::string_view bytes, std::size_t head) {
    const auto rest = bytes.substr(head);
    const auto whole = body_of(parser, rest, rest.size() + 1);
    net::MessageParser other(kind);
    RBEES_ASSERT(head_of(other, bytes, head).has_value());
    RBEES_ASSERT(body_of(other, rest, 1) == whole);
}

/// What passed is text that names one length, and no field of it can end a line.
void check_fields(const net::Head& head) {
    for (const auto& [name, value] : head.fields) {
        RBEES_ASSERT(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos);
        RBEES_ASSERT(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    }
    auto others = head.fields;
    others.erase("Content-Length");
    others.erase("Transfer-Encoding");
    RBEES_ASSERT(others.size() + 1 >= head.fields.size());
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
    request.method = head->method;
    check_fields(*head);
    request.headers = head->fields;
    if (net::split_target(request) == net::TargetVerdict::fine) {
        RBEES_ASSERT(request.path.find('\0') == std::string::npos && is_valid_utf8(request.path));
        for (const auto& [name, value] : request.query) {
            RBEES_ASSERT(is_valid_utf8(name) && is_valid_utf8(value));
        }
        RBEES_ASSERT(net::is_host_text(request.headers.find("Host").value_or("")));
    }
    if (head->body == net::BodyKind::chunked) read_body(parser, net::MessageParser::Kind::request, bytes, size);
}

void read_answer(std::string_view bytes) {
    for (const auto kind : {net::MessageParser::Kind::response, net::MessageParser::Kind::response_to_head}) {
        net::MessageParser parser(kind);
        std::size_t size = 0;
        const auto head = head_of(parser, bytes, size);
        if (!head) continue;
        check_fields(*head);
        RBEES_ASSERT(head->status >= 0 && head->status <= 999);
        RBEES_ASSERT(kind == net::MessageParser::Kind::response || head->body == net::BodyKind::none);
        if (head->body == net::BodyKind::chunked) read_body(parser, kind, bytes, size);
    }
}

void read_events(std::string_view bytes) {
    const auto whole = events_of(bytes, bytes.size());
    const auto pieces = events_of(bytes, 3);
    RBEES_ASSERT(whole == pieces);
    if (!whole) return;
    for (const auto& event : *whole) {
        if (event.event.contains('\0') || event.data.empty()) continue;
        const auto again = events_of(net::format_sse(event), 1);
        RBEES_ASSERT(!again || *again == std::vector{event});
    }
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
