#pragma once
/// @file
/// The request target (RFC 9112 section 3.2): split and decoded once, so that no two parts of a program read it
/// differently.

#include <string_view>

#include "rbees/net/message.hpp"

namespace rbees::net {

/// Whether the text has the characters of `uri-host [ ":" port ]` only (RFC 3986 section 3.2.2), without user
/// information. An empty one has.
[[nodiscard]] bool is_host_text(std::string_view text);

enum class TargetVerdict : unsigned char { fine, malformed };

/// Fills `path` and `query` of a request from its `target`. The absolute form becomes path and query, and its authority
/// replaces Host. Refuses bad percent-encoding, text that is not UTF-8, a fragment, an authority that is no host, and a
/// NUL in disguise.
[[nodiscard]] TargetVerdict split_target(Request& request);

}  // namespace rbees::net
