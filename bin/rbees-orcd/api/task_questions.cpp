#include "api/task_questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rbees/base/numbers.hpp"
#include "rbees/contracts/sessions.hpp"
#include "rbees/contracts/tasks.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

std::unexpected<Problem> invalid(std::string detail, std::string hint) {
    return std::unexpected(
        Problem{.code = ErrorCode::INVALID_PARAMS, .detail = std::move(detail), .hint = std::move(hint)});
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

    /// What lists of all things have.
    void read_page(ListQuery& query) {
        query.filter.created_from = time("since");
        query.filter.created_before = time("until");
        query.limit = limit(query.limit);
        query.cursor = cursor();
    }

    void read_session_status(store::EntityFilter& filter) {
        filter.status = text("status");
        if (!filter.status || reflect::value_of<contracts::SessionStatus>(*filter.status)) return;
        fault("status", "must be open or closed");
    }

    void read_task_status(store::EntityFilter& filter) {
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

    /// The query, if nothing was wrong with it.
    Read<ListQuery> done(ListQuery query) const {
        if (errors_.empty()) return query;
        return std::unexpected(Problem{.code = ErrorCode::INVALID_PARAMS,
                                       .detail = "the query is not valid: " + reflect::describe(errors_),
                                       .errors = errors_});
    }

  private:
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
        const auto number = parse_whole<std::uint64_t>(*written);
        if (number && *number >= 1 && *number <= limits::page_rows_max) return *number;
        fault("limit", fmt::format("must be a whole number from 1 to {}", limits::page_rows_max));
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
    const bool fits =
        !key->empty() && key->size() <= limits::idempotency_key_bytes_max && std::ranges::all_of(*key, is_visible);
    if (is_once && fits) return std::string(*key);
    return invalid(fmt::format("Idempotency-Key must be 1 to {} visible ASCII characters, once",
                               limits::idempotency_key_bytes_max),
                   "a UUID makes a good key");
}

Read<std::uint64_t> last_event(const net::Request& request) {
    auto written = request.headers.find("Last-Event-ID").value_or("");
    if (written.empty()) written = request.query_value("after").value_or("");
    if (written.empty()) return 0;
    if (const auto number = parse_whole<std::uint64_t>(written)) return *number;
    return invalid("Last-Event-ID and ?after= must be the id of an event: a whole number",
                   "it is the id of the last event that you got; without one the stream comes from its start");
}

Read<ListQuery> task_query(const net::Request& request) {
    QueryReader reader(request);
    ListQuery query;
    reader.read_task_status(query.filter);
    query.filter.model = reader.text("model");
    query.filter.parent = reader.text("session");
    reader.read_page(query);
    return reader.done(std::move(query));
}

Read<ListQuery> session_query(const net::Request& request) {
    QueryReader reader(request);
    ListQuery query;
    reader.read_session_status(query.filter);
    query.filter.owner = reader.text("owner");
    reader.read_page(query);
    return reader.done(std::move(query));
}

Read<control::LiveTasks> fate_of_tasks(const net::Request& request) {
    const auto cancel = request.query_value("cancel").value_or("false");
    if (cancel == "true") return control::LiveTasks::are_cancelled;
    if (cancel == "false") return control::LiveTasks::go_on;
    return invalid("?cancel= must be true or false", "?cancel=true ends the tasks of the session, too");
}

}  // namespace rbees::orcd
