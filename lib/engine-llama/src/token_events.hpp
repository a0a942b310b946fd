#pragma once
/// @file
/// llama.cpp's results of one generation as events (`Frames::tokens`).
///
/// Whoever stores events counts by token ids, so a text never comes without one: what the chat parser held back and
/// gives out later goes with the next token's. No event ends inside of what may become a tool call's beginning.

#include <deque>
#include <optional>
#include <string>

#include "llama_core.hpp"
#include "prepare.hpp"
#include "stream_ids.hpp"
#include "trigger_search.hpp"

namespace rbees::engine {

/// Of one choice. Borrows the core, which must outlive it. Not thread-safe.
class TokenEvents {
  public:
    TokenEvents(const LlamaCore& core, const Prepared& prepared, Operation operation);

    /// Appends what a partial or final result says; an error if ids were lost, which ends the answer.
    void take(server_task_result& result, std::deque<Event>& events);

  private:
    void take_partial(server_task_result_cmpl_partial& partial, std::deque<Event>& events);
    void take_final(server_task_result_cmpl_final& final, std::deque<Event>& events);
    void show(const std::vector<common_chat_msg_diff>& diffs);
    void say(std::deque<Event>& events);
    [[nodiscard]] bool is_chat() const { return operation_ == Operation::chat; }

    Operation operation_;
    StreamIds ids_;
    std::optional<TriggerWatch> watch_;
    Tokens known_;                  ///< of the answer, said elsewhere
    std::optional<Tokens> prompt_;  ///< that an answer began with which goes on here
    std::string text_;              ///< visible, and not said yet
    json delta_;                    ///< likewise, what is not text
};

}  // namespace rbees::engine
