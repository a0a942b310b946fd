#pragma once
/// @file
/// The token ids of a stream, complete.
///
/// llama.cpp sends a token's id with the text that the token completes. A character that is spread over several tokens
/// (an emoji, a rare script) arrives with the last one's id alone, so the ids before it are found again from the bytes.
/// Text that is held back because it may become a stop string arrives later than its ids.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rbees::engine {

using TokenId32 = std::int32_t;

/// Which tokens a model has for a few bytes.
class PieceTable {
  public:
    using Piece = std::function<std::string(TokenId32)>;

    /// Reads the vocabulary's pieces; keeps those of at most `longest_piece` bytes.
    PieceTable(std::size_t vocabulary, const Piece& piece);

    /// `count` tokens whose bytes are exactly `bytes`; nothing if there are none.
    [[nodiscard]] std::optional<std::vector<TokenId32>> split(std::string_view bytes, std::size_t count) const;

    static constexpr std::size_t longest_piece = 8;
    static constexpr std::size_t longest_gap = 32;  ///< bytes; more is no single character

  private:
    std::unordered_map<std::string, TokenId32> ids_;
};

/// Follows one stream. Not thread-safe.
class StreamIds {
  public:
    /// `table` is asked for only when ids are missing. Both functions must outlive this.
    StreamIds(std::function<const PieceTable&()> table, PieceTable::Piece piece)
        : table_(std::move(table)), piece_(std::move(piece)) {}

    /// Takes one partial result: its id, how many tokens were generated so far, and the text that became visible.
    void take(TokenId32 id, std::size_t generated, std::string_view text);

    /// The ids since the last call, in order; `first` is the place of the first one in the whole stream. Ids whose text
    /// has not arrived yet wait only if one before them is missing.
    struct Ready {
        std::size_t first = 0;
        std::vector<TokenId32> ids;
    };
    [[nodiscard]] Ready drain();

    /// False once ids were missing that could not be found again.
    [[nodiscard]] bool complete() const { return complete_; }

  private:
    struct Gap {
        std::size_t place = 0;  ///< in `waiting_`, where the missing ids belong
        std::size_t count = 0;
    };

    void fill_gap(std::string_view text);

    std::function<const PieceTable&()> table_;
    PieceTable::Piece piece_;
    std::vector<TokenId32> waiting_;
    std::string hidden_;  ///< bytes of delivered ids whose text has not arrived
    std::optional<Gap> gap_;
    std::size_t seen_ = 0;     ///< tokens, missing ones included
    std::size_t drained_ = 0;  ///< ids handed out
    bool complete_ = true;
};

}  // namespace rbees::engine
