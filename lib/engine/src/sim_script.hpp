#pragma once
/// @file
/// What the simulated engine will say to a request: words, JSON or a tool call, and where they end by themselves.

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "rbees/engine/request.hpp"
#include "rbees/engine/simulated.hpp"
#include "sim_source.hpp"

namespace rbees::engine {

struct Script {
    TokenIdList prompt;
    TokenSource output;
    std::vector<std::string> stops;
    std::string finish = "stop";  ///< finish_reason unless a stop string comes first: stop, length or tool_calls
    std::string tool;             ///< the function that `output` holds arguments for; empty = plain text
    std::uint64_t seed = 0;       ///< that the output followed from
    std::uint64_t most = 0;       ///< tokens that the output may have, by the request and the context
    Continuable continuable = Continuable::yes;
};

/// What is known before the token at `first`.
[[nodiscard]] Started started(const Script& script, std::size_t first);

/// The prompt as the simulated chat template renders it.
[[nodiscard]] std::string sim_render(const boost::json::object& body);

/// The whole answer, also where the call goes on with one. Refuses what the simulation does not have (`n` over 1,
/// several prompts) and a prompt that fills the context.
[[nodiscard]] std::expected<Script, ApiError> write_script(const Call& call, const boost::json::object& body,
                                                           const GenerationRequest& request,
                                                           const SimulatedModel& model);

}  // namespace rbees::engine
