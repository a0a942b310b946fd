#include <algorithm>

#include "api/task_questions.hpp"
#include "gateway/trail.hpp"
#include "parser.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"
#include "rbees/store/reader.hpp"
#include "target.hpp"
#include "targets.hpp"

namespace rbees::fuzz {
namespace {

constexpr std::string_view line_end = " HTTP/1.1\r\n";

/// The request that begins with these bytes, or whose query they are.
std::optional<net::Request> request_of(std::string_view bytes) {
    auto text = "GET /v2/tasks" + std::string(bytes);
    if (!bytes.contains(line_end)) text += std::string(line_end) + "Host: h\r\n\r\n";
    net::HeadScan scan;
    if (scan.look(text) != net::HeadScan::Verdict::complete) return std::nullopt;
    net::MessageParser parser(net::MessageParser::Kind::request);
    auto head = parser.parse_head(std::string_view(text).substr(0, scan.size()));
    if (!head) return std::nullopt;
    net::Request request;
    request.method = std::move(head->method);
    request.target = std::move(head->target);
    request.headers = std::move(head->fields);
    if (net::split_target(request) != net::TargetVerdict::fine) return std::nullopt;
    return request;
}

void check(const orcd::Read<orcd::ListQuery>& query) {
    if (!query) {
        RBEES_ASSERT(!query.error().errors.empty());
        return;
    }
    RBEES_ASSERT(query->limit >= 1 && query->limit <= 200);
    if (!query->cursor) return;
    RBEES_ASSERT(is_valid_id(query->cursor->id));
    const auto again = store::parse_cursor(store::to_text(*query->cursor));
    RBEES_ASSERT(again && again->id == query->cursor->id && again->created_at == query->cursor->created_at);
}

/// A stream that came in pieces of that size: what the client got, and what is known.
struct Passed {
    Passed(std::string_view bytes, std::size_t piece) {
        while (!bytes.empty()) {
            text += trail.pass(std::string(bytes.substr(0, piece)));
            bytes.remove_prefix(std::min(piece, bytes.size()));
        }
    }

    orcd::Trail trail;
    std::string text;
};

}  // namespace

void read_query(std::string_view bytes) {
    const auto request = request_of(bytes);
    if (!request) return;
    check(orcd::task_query(*request));
    check(orcd::session_query(*request));
    static_cast<void>(orcd::last_event(*request));
    static_cast<void>(orcd::fate_of_tasks(*request));
    const auto key = orcd::idempotency_key(*request);
    if (key && *key) RBEES_ASSERT(!(*key)->empty() && (*key)->size() <= 255);
}

void read_trail(std::string_view bytes) {
    Passed whole(bytes, bytes.size());
    Passed pieces(bytes, 3);
    RBEES_ASSERT(whole.text == pieces.text && whole.text.size() <= bytes.size());
    RBEES_ASSERT(whole.trail.can_continue() == pieces.trail.can_continue());
    RBEES_ASSERT(whole.trail.is_complete() == pieces.trail.is_complete());
    RBEES_ASSERT(whole.trail.missing_end() == pieces.trail.missing_end());
    if (!whole.trail.can_continue()) {
        RBEES_ASSERT(whole.trail.rest() == pieces.trail.rest());
        return;
    }
    const reflect::json::object request{{"max_tokens", 7}};
    const auto order = whole.trail.go_on(contracts::ExecutionKind::chat, request);
    RBEES_ASSERT(order.from.max_tokens <= 7);
    RBEES_ASSERT(reflect::from_json_text<contracts::Continue>(reflect::to_json_text(order)).has_value());
    static_cast<void>(whole.trail.pass(std::string(bytes)));
}

}  // namespace rbees::fuzz
