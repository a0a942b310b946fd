#pragma once
/// @file
/// Reads a token source as an answer: each token with the text that becomes visible by it, cut where a stop string
/// begins.
///
/// A stop string may reach over several tokens, and none of it may be seen. As the tokens to come are known, the reader
/// looks ahead by the longest stop string instead of holding text back, so it keeps no more than that.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim_source.hpp"

namespace rbees::engine {

struct OutputToken {
    std::int32_t id = 0;
    std::string text;  ///< whole characters; empty inside a stop string, and before the end of a character
};

/// One pass. Not thread-safe.
class OutputReader {
  public:
    OutputReader(TokenSource source, std::vector<std::string> stops);

    /// The next token, or nothing after the last one: the source's, or the one that completes a stop string.
    [[nodiscard]] std::optional<OutputToken> next();

    /// Passes over the first tokens, which somebody else has sent, and tells their text; stops early at the end.
    std::string skip(std::size_t count);

    /// Whether a stop string was begun: then it is the reason why the answer ends.
    [[nodiscard]] bool met_stop() const { return swallow_.has_value(); }

  private:
    [[nodiscard]] std::string visible_part(std::size_t piece);
    void look_ahead(std::size_t piece);

    TokenSource source_;
    std::vector<std::string> stops_;
    std::size_t longest_stop_ = 0;
    std::size_t next_ = 0;                ///< the place of the next token
    std::size_t seen_ = 0;                ///< tokens whose text went into `ahead_`
    std::string ahead_;                   ///< text from the next token on
    std::string unfinished_;              ///< the first bytes of a character
    std::optional<std::size_t> swallow_;  ///< bytes of the stop string that are still to come
};

}  // namespace rbees::engine
