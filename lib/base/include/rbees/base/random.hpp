#pragma once
/// @file
/// Randomness from the kernel (getrandom), for secrets and ids. For shells only; cores get random values with commands.

#include <cstddef>
#include <string>

namespace rbees {

/// `count` bytes, 256 at most. Aborts if the kernel has no randomness to give: nothing safe can follow.
[[nodiscard]] std::string random_bytes(std::size_t count);

/// A 256-bit secret as 43 base64url characters.
[[nodiscard]] std::string random_secret();

}  // namespace rbees
