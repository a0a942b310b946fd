#pragma once
/// @file
/// Reads the bodies that both engines understand, and refuses bad ones before an engine sees them: llama.cpp itself
/// takes a wrong type for a default or answers 500.
///
/// A null member counts as absent, as OpenAI has it. Members that are not named here pass unchecked.

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rbees/base/units.hpp"
#include "rbees/engine/api_error.hpp"
#include "rbees/engine/engine.hpp"

namespace rbees::engine {

/// Most stop strings of one request, and the length of each in bytes.
inline constexpr std::size_t max_stops = 16;
inline constexpr std::size_t max_stop_bytes = 1024;
/// Most texts in one embeddings request.
inline constexpr std::size_t max_inputs = 2048;
/// Most requests that wait for a slot; the next one is refused.
inline constexpr std::uint32_t max_waiting = 1024;
/// Nesting of a body.
inline constexpr std::size_t max_depth = 64;

/// The members of a chat or completion request that steer how it is answered.
struct GenerationRequest {
    bool stream = false;
    bool include_usage = false;  ///< a last frame with the usage
    bool ignore_eos = false;     ///< go on to `max_tokens`; for load tests
    std::uint32_t choices = 1;   ///< `n`
    std::optional<Tokens> max_tokens;
    std::optional<std::uint32_t> seed;  ///< the low 32 bits of the number given
    std::vector<std::string> stop;
};

/// One text to embed, as text or as token ids.
using EmbeddingInput = std::variant<std::string, TokenIdList>;

enum class EmbeddingEncoding : std::uint8_t { floats, base64 };

struct EmbeddingRequest {
    std::vector<EmbeddingInput> inputs;
    EmbeddingEncoding encoding = EmbeddingEncoding::floats;
};

/// The body as an object. Refuses anything else, and nesting over `max_depth`.
[[nodiscard]] std::expected<boost::json::object, ApiError> parse_body(std::string_view body);

/// The call's body as an object, as `parse_body` gives it. With `Frames::tokens`: a stream; refuses what events have no
/// place for. Where the call goes on with an answer: a stream, with the sampling and the seed of then and the limit of
/// now. Refuses to go on with anything but one choice of one prompt, and
/// with an answer of a model that has another hash.
[[nodiscard]] std::expected<boost::json::object, ApiError> read_call(const Call& call, std::string_view model_hash);

/// Checks a body of `Operation::chat` or `completion`. `most_choices` is the highest `n` that the engine takes.
[[nodiscard]] std::expected<GenerationRequest, ApiError> read_generation(Operation operation,
                                                                         const boost::json::object& body,
                                                                         std::uint32_t most_choices);

[[nodiscard]] std::expected<EmbeddingRequest, ApiError> read_embedding(const boost::json::object& body);

/// The text of `content` in POST /tokenize.
[[nodiscard]] std::expected<std::string, ApiError> read_tokenize(const boost::json::object& body);

/// The ids of `tokens` in POST /detokenize.
[[nodiscard]] std::expected<TokenIdList, ApiError> read_detokenize(const boost::json::object& body);

}  // namespace rbees::engine
