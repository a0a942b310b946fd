#pragma once
/// @file
/// The ids of tool calls, the same on every worker that says the same.
///
/// llama.cpp makes up a random id for a call whose model gives none. A client that has read it must find it again when
/// another worker goes on with the answer; so here it follows from the seed and the prompt.

#include <server-task.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "rbees/base/hash.hpp"

namespace rbees::engine {

/// Of one request. Not thread-safe.
class ToolCallIds {
  public:
    ToolCallIds(std::uint32_t seed, const llama_tokens& prompt);

    /// "call_" and 22 letters and digits, for the call at `index` of a choice.
    [[nodiscard]] std::string id(std::size_t choice, std::size_t index) const;

    /// Gives their ids to the calls that this result began, in the result and in what the parser remembers. Ids that a
    /// model gave itself stay.
    void settle(task_result_state& state, server_task_result& result);

    /// The same for a whole message, of the first choice; `state` remembers it as what was sent.
    void settle(task_result_state& state, common_chat_msg sent);

  private:
    Sha256Digest key_;
    std::map<std::size_t, std::size_t> settled_;  ///< calls of each choice
};

}  // namespace rbees::engine
