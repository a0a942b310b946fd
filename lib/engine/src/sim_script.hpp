#pragma once
/// @file
/// What the simulated engine will say, worked out before it says it: text, JSON or a tool call, cut by stop strings,
/// token limit and context.

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "rbees/engine/request.hpp"
#include "rbees/engine/simulated.hpp"

namespace rbees::engine {

/// Tokens and the text that each adds to the answer; a token inside a stop string adds none.
struct ScriptedToken {
    std::int32_t id = 0;
    std::string text;
};

struct Script {
    TokenIdList prompt;
    std::vector<ScriptedToken> output;
    std::string finish = "stop";  ///< finish_reason: stop, length or tool_calls
    std::string tool;             ///< the function that `output` holds arguments for; empty = plain text
    std::uint64_t seed = 0;       ///< that the text followed from
};

/// The prompt as the simulated chat template renders it.
[[nodiscard]] std::string sim_render(const boost::json::object& body);

/// Refuses what the simulation does not have (`n` over 1, several prompts) and a prompt that fills the context.
[[nodiscard]] std::expected<Script, ApiError> write_script(Operation operation, const boost::json::object& body,
                                                           const GenerationRequest& request,
                                                           const SimulatedModel& model);

}  // namespace rbees::engine
