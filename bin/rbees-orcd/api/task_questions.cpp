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

std::optional<store::PageCursor> read_cursor(QueryReader& reader) {
    constexpr std::string_view name = "cursor";
    const auto written = reader.text(name);
    if (!written) return std::nullopt;
    auto cursor = store::parse_cursor(*written);
    if (cursor) return std::move(*cursor);
    reader.fault(name, "must be the `next` of the page before");
    return std::nullopt;
}

/// What lists of all things have.
void read_page(QueryReader& reader, ListQuery& query) {
    query.filter.created_from = reader.time("since");
    query.filter.created_before = reader.time("until");
    query.limit = reader.number("limit", 1, limits::page_rows_max).value_or(query.limit);
    query.cursor = read_cursor(reader);
}

void read_session_status(QueryReader& reader, store::EntityFilter& filter) {
    constexpr std::string_view name = "status";
    filter.status = reader.text(name);
    if (!filter.status || reflect::value_of<contracts::SessionStatus>(*filter.status)) return;
    reader.fault(name, "must be open or closed");
}

void read_task_status(QueryReader& reader, store::EntityFilter& filter) {
    constexpr std::string_view name = "status";
    const auto status = reader.text(name);
    if (!status) return;
    if (*status == "live") {
        filter.phase = store::EntityPhase::live;
    } else if (reflect::value_of<contracts::TaskState>(*status)) {
        filter.status = *status;
    } else {
        reader.fault(name,
                     "must be live, queued, waiting, dispatched, running, completed, failed, cancelled or dead_letter");
    }
}

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
    read_task_status(reader, query.filter);
    query.filter.model = reader.text("model");
    query.filter.parent = reader.text("session");
    read_page(reader, query);
    return reader.done(std::move(query));
}

Read<ListQuery> session_query(const net::Request& request) {
    QueryReader reader(request);
    ListQuery query;
    read_session_status(reader, query.filter);
    query.filter.owner = reader.text("owner");
    read_page(reader, query);
    return reader.done(std::move(query));
}

Read<control::LiveTasks> fate_of_tasks(const net::Request& request) {
    const auto cancel = request.query_value("cancel").value_or("false");
    if (cancel == "true") return control::LiveTasks::are_cancelled;
    if (cancel == "false") return control::LiveTasks::go_on;
    return invalid("?cancel= must be true or false", "?cancel=true ends the tasks of the session, too");
}

}  // namespace rbees::orcd
