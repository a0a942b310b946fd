#pragma once
/// @file
/// From a checked body to llama.cpp's tasks: template, tokens, sampling parameters.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "llama_core.hpp"
#include "rbees/engine/request.hpp"
#include "resume.hpp"
#include "task_reader.hpp"

namespace rbees::engine {

/// Whether a client wants llama.cpp's timings in every chunk, not only in the last one.
enum class ChunkTimings : bool { left_out, included };

/// A generation, ready to be posted.
struct Prepared {
    std::vector<server_task> tasks;
    GenerationRequest request;
    ChunkTimings timings = ChunkTimings::left_out;
    std::optional<Started> started;  ///< where token ids were asked for
    std::optional<Resumed> resumed;  ///< where the call goes on with an answer
};

/// Refuses bad bodies, what the template refuses, unknown token ids, and prompts longer than the context.
[[nodiscard]] std::expected<Prepared, ApiError> prepare_generation(const LlamaCore& core, const Call& call,
                                                                   TaskReader& reader);

/// The chat template's text for a chat body.
[[nodiscard]] std::expected<std::string, ApiError> render_template(const LlamaCore& core, const std::string& body);

/// Refuses token ids that the model does not have. `param` names the member.
[[nodiscard]] std::expected<void, ApiError> check_vocabulary(const LlamaCore& core, const llama_tokens& tokens,
                                                             std::string_view param);

/// The same, and lists that are too long for the model.
[[nodiscard]] std::expected<void, ApiError> check_tokens(const LlamaCore& core, const llama_tokens& tokens,
                                                         std::string_view param);

/// What an exception of llama.cpp's parsing says, as a 400.
[[nodiscard]] ApiError bad_request(const std::exception& error);

/// An error result as the client gets it.
[[nodiscard]] ApiError error_of(server_task_result& result);

}  // namespace rbees::engine
