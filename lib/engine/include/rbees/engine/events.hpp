#pragma once
/// @file
/// What an answer says in `Frames::tokens`: values, so that whoever keeps tokens until they are stored reads no JSON.
///
/// An answer is one `Started`, any number of `Said`, and one `Ended` or `ApiError`; one that is cancelled just ends.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rbees/base/units.hpp"
#include "rbees/engine/api_error.hpp"

namespace rbees::engine {

using TokenIdList = std::vector<std::int32_t>;

/// Whether another engine could go on with an answer where this one breaks off.
enum class Continuable : bool { no, yes };

/// Enough for another engine to go on with the answer, together with the ids of every `Said`.
struct Started {
    TokenIdList prompt = {};
    std::uint32_t seed = 0;
    std::string sampling = "{}";  ///< a JSON object
    Continuable continuable = Continuable::no;
    Tokens left = {};  ///< most tokens that may follow
};

/// Some tokens, and what became visible by them.
struct Said {
    std::size_t first = 0;  ///< place of the first one, counted over the whole answer, wherever it began
    TokenIdList ids = {};   ///< one at least
    std::string text = {};
    std::string delta = {};  ///< what is not text (reasoning, tool calls), a JSON object as OpenAI streams it; or empty
};

/// The answer is whole. Counts the prompt that it began with, and all of its tokens.
struct Ended {
    std::string stop_reason = {};  ///< OpenAI's finish_reason: stop, length or tool_calls
    Tokens prompt = {};
    Tokens output = {};
    std::string message = {};  ///< of a chat: the whole message as a JSON object, what was said elsewhere included
};

using Event = std::variant<Started, Said, Ended, ApiError>;

/// The same as the event `rbees.start` of a stream.
[[nodiscard]] std::string start_event(const Started& started, std::string_view model_hash);

}  // namespace rbees::engine
