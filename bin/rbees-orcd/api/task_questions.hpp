#pragma once
/// @file
/// What requests about tasks and their sessions say beside their bodies: headers and query, read and checked. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "api/query_reader.hpp"
#include "orcd_limits.hpp"
#include "rbees/control/session_control.hpp"
#include "rbees/net/message.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::orcd {

/// `Idempotency-Key`, if there is one: 1 to 255 visible ASCII characters, once; else INVALID_PARAMS.
[[nodiscard]] Read<std::optional<std::string>> idempotency_key(const net::Request& request);

/// The number of the last event that the client has: `Last-Event-ID`, else `?after=`; 0 if it says neither.
[[nodiscard]] Read<std::uint64_t> last_event(const net::Request& request);

/// Which page of which tasks or sessions a list shows.
struct ListQuery {
    store::EntityFilter filter;
    std::optional<store::PageCursor> cursor;
    std::size_t limit = limits::page_rows;
};

/// `status` (also `live`: all that have not ended), `model`, `session`, `since` (inclusive), `until` (exclusive),
/// `limit` (1 to 200), `cursor`. INVALID_PARAMS names every one that is wrong; others are not looked at.
[[nodiscard]] Read<ListQuery> task_query(const net::Request& request);

/// The same for sessions: `status` (open, closed), `owner`, `since`, `until`, `limit`, `cursor`.
[[nodiscard]] Read<ListQuery> session_query(const net::Request& request);

/// `?cancel=true` or `false` (as without it); else INVALID_PARAMS.
[[nodiscard]] Read<control::LiveTasks> fate_of_tasks(const net::Request& request);

}  // namespace rbees::orcd
