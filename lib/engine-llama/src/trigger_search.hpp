#pragma once
/// @file
/// Where a lazy grammar begins: tools that a model may call or not bind it from a trigger on, say "<tool_call>".
///
/// llama.cpp searches the whole text again at each token. Here what was searched once is left out, because it is known
/// where a trigger that the end of the text cuts off could begin. In there an answer must not break off: the search of
/// the worker that goes on with it begins anew, and would see the second half alone.

#include <common.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rbees::engine {

/// Of one text that grows. Not thread-safe.
class TriggerSearch {
  public:
    /// Of words and patterns. Triggers that are tokens are found by `is_token` alone.
    explicit TriggerSearch(const std::vector<common_grammar_trigger>& triggers);
    TriggerSearch(TriggerSearch&&) noexcept;
    TriggerSearch& operator=(TriggerSearch&&) noexcept;
    ~TriggerSearch();

    /// Whether this token is a trigger by itself.
    [[nodiscard]] bool is_token(llama_token token) const;

    /// Appends text. Says where in the whole of it the grammar begins as soon as a trigger is complete; the search is
    /// over then.
    [[nodiscard]] std::optional<std::size_t> take(std::string_view text);

    [[nodiscard]] const std::string& text() const { return text_; }

    /// Bytes at the end that may be the beginning of a trigger.
    [[nodiscard]] std::size_t open() const;

  private:
    struct Pattern;

    std::string text_;
    std::vector<Pattern> patterns_;
    std::vector<llama_token> tokens_;
};

/// The same triggers for a search that begins inside of a text: what only the text's first bytes can be is none there.
[[nodiscard]] std::vector<common_grammar_trigger> triggers_inside(std::vector<common_grammar_trigger> triggers);

/// Says of a stream where it must not break off.
class TriggerWatch {
  public:
    explicit TriggerWatch(const std::vector<common_grammar_trigger>& triggers) : search_(TriggerSearch(triggers)) {}

    /// Takes what came with a token. Whether the text ends inside of what may become a trigger; what has grown longer
    /// than any word is no longer waited for.
    [[nodiscard]] bool is_open(llama_token token, std::string_view text);

    static constexpr std::size_t open_bytes_max = 64;

  private:
    std::optional<TriggerSearch> search_;  ///< until a trigger came
};

}  // namespace rbees::engine
