#pragma once
/// @file
/// Who may call which route of orcd: the route table's `access` against the published tokens.

#include "gateway/gateway.hpp"
#include "rbees/http_api/access.hpp"
#include "settings.hpp"

namespace rbees::orcd {

/// The check for one I/O thread. Both arguments must outlive it.
[[nodiscard]] http_api::AccessCheck access_check(const ViewHolder& holder, const Settings& settings);

}  // namespace rbees::orcd
