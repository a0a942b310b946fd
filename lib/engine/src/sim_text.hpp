#pragma once
/// @file
/// The simulated engine's tokens and words. Stateless: ids mean the same in every process, so that a continuation on
/// another worker reads them, and any text goes there and back unchanged.
///
/// A token is a word of a small vocabulary (with or without a space before it), or up to three bytes of anything else.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rbees/engine/request.hpp"

namespace rbees::engine {

[[nodiscard]] TokenIdList sim_encode(std::string_view text);

/// The text of one id; empty for an id that stands for nothing.
[[nodiscard]] std::string sim_piece(std::int32_t id);

[[nodiscard]] std::string sim_decode(std::span<const std::int32_t> ids);

/// One number out of many, for choosing words; FNV-1a, then mixed.
[[nodiscard]] std::uint64_t sim_hash(std::uint64_t seed, std::span<const std::int32_t> ids);

/// The word at this place of the answer whose prompt hashed to `key`.
[[nodiscard]] std::int32_t sim_word(std::uint64_t key, std::size_t index);

/// After how many tokens that answer ends by itself: 24 to 63.
[[nodiscard]] std::size_t sim_length(std::uint64_t key);

}  // namespace rbees::engine
