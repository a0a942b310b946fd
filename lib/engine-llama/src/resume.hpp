#pragma once
/// @file
/// Going on with an answer that broke off on another worker.
///
/// The tokens that the client has become part of the prompt. What llama.cpp would know besides them is brought back:
/// the grammar and the reasoning budget by replaying the text through the one door they have (`generation_prompt`), the
/// chat parser by its text so far. A grammar that waits for its trigger (tools that may be called or not) waits on, or
/// has become one that binds. The random numbers cannot be wound forward; they begin with another seed.

#include <server-task.h>

#include <cstddef>
#include <expected>
#include <optional>
#include <string>

#include "llama_core.hpp"
#include "rbees/engine/api_error.hpp"
#include "tool_call_ids.hpp"

namespace rbees::engine {

/// What came before the tokens that are still to be generated.
struct Resumed {
    std::size_t prompt = 0;          ///< tokens that the answer began with
    std::size_t known = 0;           ///< tokens of the answer whose text the client has
    std::string text;                ///< of these, as the parser saw it
    common_chat_msg message;         ///< what the parser made of it
    std::optional<stop_type> ended;  ///< the answer was complete: only its end is missing
};

/// Changes a task that is ready for the original request to one that goes on. Its tokens are the prompt of then.
/// Refuses with `not_continuable` what cannot be brought back: a user's own grammar, a text that the grammar does not
/// take again, and text that was sent though it may be half of a trigger. llama.cpp would abort or say 400 on some of
/// these, on its own thread.
[[nodiscard]] std::expected<Resumed, ApiError> resume(const LlamaCore& core, const Continuation& from,
                                                      server_task& task);

/// The end of an answer that was complete.
[[nodiscard]] server_task_result_ptr end_of(const server_task& task, const Resumed& resumed, ToolCallIds ids);

}  // namespace rbees::engine
