#pragma once
/// @file
/// Where the simulated engine's tokens come from. Each follows from its place in the answer, so none is kept: an answer
/// of millions of tokens takes no more memory than one of ten, and whoever goes on at any place, in any process, goes
/// on with the same tokens.

#include <cstddef>
#include <cstdint>
#include <span>

#include "rbees/engine/request.hpp"

namespace rbees::engine {

/// All tokens of one answer. A value; an empty one has none.
class TokenSource {
  public:
    TokenSource() = default;

    /// Words that follow from `key`, which is `sim_hash` of seed and prompt.
    [[nodiscard]] static TokenSource words(std::uint64_t key, std::size_t count);

    /// Exactly these: JSON that a request forces. Kept, because they are few.
    [[nodiscard]] static TokenSource exactly(TokenIdList ids);

    [[nodiscard]] std::size_t size() const { return size_; }

    /// Ends after `most` tokens, if it does not end before.
    void limit(std::size_t most);

    /// The token at a place below `size`.
    [[nodiscard]] std::int32_t at(std::size_t place) const;

  private:
    std::uint64_t key_ = 0;
    TokenIdList ids_;  ///< empty for words
    std::size_t size_ = 0;
};

/// What a slot holds in its KV cache: a prompt, and the first `made` tokens of the answer to it.
struct HeldTokens {
    TokenIdList prompt;
    TokenSource answer;
    std::size_t made = 0;
};

/// How many tokens of a prompt the slot need not work through again.
[[nodiscard]] std::size_t common_prefix(const HeldTokens& held, std::span<const std::int32_t> prompt);

}  // namespace rbees::engine
