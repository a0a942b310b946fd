#pragma once
/// @file
/// RBEES_ASSERT: for what can only be false when our own code is wrong. It stays on in release: a process that no
/// longer knows what it knows must stop and recover, not go on. Never assert what a user, a file or a peer can cause.

namespace rbees::base {

/// Writes the failed expression and where it stands to stderr, then aborts. Async-signal-safe.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace rbees::base

#define RBEES_ASSERT(expression) \
    ((expression) ? static_cast<void>(0) : ::rbees::base::assertion_failed(#expression, __FILE__, __LINE__))
