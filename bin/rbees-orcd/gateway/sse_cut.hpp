#pragma once
/// @file
/// Cutting a relayed event stream between events, so that a worker's death never leaves half an event with the client.

#include <cstddef>
#include <string>
#include <utility>

namespace rbees::orcd {

/// Keeps the bytes of an event that has not ended yet. Events end with an empty line.
class SseCut {
  public:
    /// Takes bytes in and gives out all that ends with a whole event; may be empty.
    [[nodiscard]] std::string pass(std::string bytes);

    /// What is left at the proper end of the stream.
    [[nodiscard]] std::string rest() { return std::move(held_); }

    /// Bytes of one event that are held at most; a longer one passes in pieces.
    static constexpr std::size_t event_bytes_max = 1 << 20;

  private:
    std::string held_;
};

}  // namespace rbees::orcd
