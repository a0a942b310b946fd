#include "api/task_questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "rbees/contracts/tasks.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

constexpr std::size_t key_bytes_max = 255;
constexpr std::uint64_t rows_max = 200;

std::unexpected<Problem> invalid(std::string detail, std::string hint) {
    return std::unexpected(
        Problem{.code = ErrorCode::INVALID_PARAMS, .detail = std::move(detail), .hint = std::move(hint)});
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool is_visible(char c) {
    return c > ' ' && c < '\x7f';
}

/// Reads the parameters of a list one by one, and keeps the faults of all of them.
class QueryReader {
  public:
    explicit QueryReader(const net::Request& request) : request_(request) {}

    std::optional<std::string> text(std::string_view name) {
        const auto value = request_.query_value(name);
        if (!value) return std::nullopt;
        if (value->empty()) fault(name, "must not be empty");
        return std::string(*value);
    }

    void read_status(store::EntityFilter& filter) {
        const auto status = text("status");
        if (!status) return;
        if (*status == "live") {
            filter.phase = store::EntityPhase::live;
        } else if (reflect::value_of<contracts::TaskState>(*status)) {
            filter.status = *status;
        } else {
            fault("status",
                  "must be live, queued, waiting, dispatched, running, completed, failed, cancelled or "
                  "dead_letter");
        }
    }

    std::optional<WallTime> time(std::string_view name) {
        const auto written = text(name);
        if (!written) return std::nullopt;
        const auto time = parse_rfc3339(*written);
        if (time) return *time;
        fault(name, "must be a time of RFC 3339, as 2026-11-21T11:23:38Z");
        return std::nullopt;
    }

    std::size_t limit(std::size_t fallback) {
        const auto written = text("limit");
        if (!written) return fallback;
        const auto number = whole_number(*written);
        if (number && *number >= 1 && *number <= rows_max) return *number;
        fault("limit", fmt::format("must be a whole number from 1 to {}", rows_max));
        return fallback;
    }

    std::optional<store::PageCursor> cursor() {
        const auto written = text("cursor");
        if (!written) return std::nullopt;
        auto cursor = store::parse_cursor(*written);
        if (cursor) return std::move(*cursor);
        fault("cursor", "must be the `next` of the page before");
        return std::nullopt;
    }

    [[nodiscard]] const reflect::FieldErrors& errors() const { return errors_; }

  private:
    void fault(std::string_view name, std::string what) {
        errors_.push_back({fmt::format("?{}", name), std::move(what)});
    }

    const net::Request& request_;
    reflect::FieldErrors errors_;
};

}  // namespace

Read<std::optional<std::string>> idempotency_key(const net::Request& request) {
    constexpr std::string_view name = "Idempotency-Key";
    const auto key = request.headers.find(name);
    if (!key) return std::nullopt;
    auto others = request.headers;
    others.erase(name);
    const bool is_once = others.size() + 1 == request.headers.size();
    const bool fits = !key->empty() && key->size() <= key_bytes_max && std::ranges::all_of(*key, is_visible);
    if (is_once && fits) return std::string(*key);
    return invalid(fmt::format("Idempotency-Key must be 1 to {} visible ASCII characters, once", key_bytes_max),
                   "a UUID makes a good key");
}

Read<std::uint64_t> last_event(const net::Request& request) {
    auto written = request.headers.find("Last-Event-ID").value_or("");
    if (written.empty()) written = request.query_value("after").value_or("");
    if (written.empty()) return 0;
    if (const auto number = whole_number(written)) return *number;
    return invalid("Last-Event-ID and ?after= must be the id of an event: a whole number",
                   "it is the id of the last event that you got; without one the stream comes from its start");
}

Read<TaskQuery> task_query(const net::Request& request) {
    QueryReader reader(request);
    TaskQuery query;
    reader.read_status(query.filter);
    query.filter.model = reader.text("model");
    query.filter.parent = reader.text("session");
    query.filter.created_from = reader.time("since");
    query.filter.created_before = reader.time("until");
    query.limit = reader.limit(query.limit);
    query.cursor = reader.cursor();
    if (reader.errors().empty()) return query;
    return std::unexpected(Problem{.code = ErrorCode::INVALID_PARAMS,
                                   .detail = "the query is not valid: " + reflect::describe(reader.errors()),
                                   .errors = reader.errors()});
}

}  // namespace rbees::orcd
