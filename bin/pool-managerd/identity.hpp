#pragma once
/// @file
/// What a pool manager is known by: its node's id and the token that orcd must show it, which it keeps for ever, and
/// this start of its process.

#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/home.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/process/process.hpp"

namespace rbees::poold {

/// Makes every folder of the home that the pool manager writes to. Fails with the first that cannot be written.
[[nodiscard]] Result<void> make_folders(const Home& home);

struct Identity {
    NodeId node;
    std::string call_token;
    process::ProcessIdentity start;
};

/// Reads `state/node_id` and `secrets/call.token`, or makes them (the token 0600). Fails if they cannot be written, or
/// /proc cannot be read.
[[nodiscard]] Result<Identity> keep_identity(const Home& home);

}  // namespace rbees::poold
