#pragma once
/// @file
/// What a pool manager keeps for ever: its node's id, and the token that orcd must show it.

#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/base/home.hpp"
#include "rbees/base/ids.hpp"

namespace rbees::poold {

/// Makes every folder of the home that the pool manager writes to. Fails with the first that cannot be written.
[[nodiscard]] Result<void> make_folders(const Home& home);

struct Identity {
    NodeId node;
    std::string call_token;
};

/// Reads `state/node_id` and `secrets/call.token`, or makes them (the token 0600).
[[nodiscard]] Result<Identity> keep_identity(const Home& home);

}  // namespace rbees::poold
