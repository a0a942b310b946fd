#pragma once
/// @file
/// The token ids of a stream, complete.
///
/// llama.cpp sends a token's id with the text that the token completes. A character that is spread over several tokens
/// (an emoji, a rare script) arrives with the last one's id alone, so the ids before it are found again from the bytes.
/// Text that is held back because it may become a stop string arrives later than its ids; here they wait for it, so
/// that the ids that were handed out stand for exactly the text that was: whoever goes on from them loses nothing.

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
    /// `first` is the place of the first token: more than 0 for a stream that goes on where another one broke off.
    StreamIds(std::function<const PieceTable&()> table, PieceTable::Piece piece, std::size_t first = 0)
        : table_(std::move(table)), piece_(std::move(piece)), drained_(first) {}

    /// Takes one partial result: its id, how many tokens were generated so far, and the text that became visible.
    void take(TokenId32 id, std::size_t generated, std::string_view text);

    /// The ids since the last call, in order; `first` is the place of the first one in the whole stream. Ids of which
    /// no text has arrived yet wait, and so do ids behind one that is missing.
    struct Ready {
        std::size_t first = 0;
        std::vector<TokenId32> ids;
    };
    [[nodiscard]] Ready drain();

    /// No more text will come: what is still hidden belongs to a stop string. Its ids wait no longer.
    void end() { hidden_.clear(); }

    /// False once ids were missing that could not be found again.
    [[nodiscard]] bool complete() const { return complete_; }

  private:
    struct Gap {
        std::size_t place = 0;  ///< in `waiting_`, where the missing ids belong
        std::size_t count = 0;
    };

    void fill_gap(std::string_view text);
    [[nodiscard]] std::size_t shown(std::size_t end) const;

    std::function<const PieceTable&()> table_;
    PieceTable::Piece piece_;
    std::vector<TokenId32> waiting_;
    std::string hidden_;  ///< bytes of known ids whose text has not arrived
    std::optional<Gap> gap_;
    std::size_t seen_ = 0;     ///< tokens of this stream, missing ones included
    std::size_t drained_ = 0;  ///< place of the next id to hand out
    bool complete_ = true;
};

}  // namespace rbees::engine
