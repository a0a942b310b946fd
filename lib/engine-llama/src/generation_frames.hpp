#pragma once
/// @file
/// llama.cpp's results of one generation as what the client gets: the frames of a stream or one body.
///
/// What is put right on the way: timings only where they were asked for; the role comes with the first chunk even if
/// the first token had no text; usage is written once and counts every choice; token ids are complete, and no frame
/// with ids ends inside of what may become a tool call's beginning.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "llama_core.hpp"
#include "prepare.hpp"
#include "stream_ids.hpp"
#include "trigger_search.hpp"

namespace rbees::engine {

/// What one choice has generated so far.
struct Progress {
    std::size_t choice = 0;
    Generated generated;
};

/// Nothing for a result that only says that the work began.
[[nodiscard]] std::optional<Progress> progress_of(const server_task_result& result);

/// Turns what was generated so far into what is new.
class ProgressCounter {
  public:
    [[nodiscard]] Generated add(const Progress& progress);

  private:
    std::map<std::size_t, Generated> known_;  ///< by choice
};

/// The ids of a stream of one choice.
[[nodiscard]] StreamIds stream_ids(const LlamaCore& core, const Prepared& prepared);

/// Watches over a grammar that waits for its trigger; nothing where none does.
[[nodiscard]] std::optional<TriggerWatch> trigger_watch(const Prepared& prepared);

/// Borrows the core, which must outlive it. Not thread-safe.
class GenerationFrames {
  public:
    GenerationFrames(const LlamaCore& core, const Prepared& prepared, const Call& call);

    /// The frames of a partial or final result; empty if it has none.
    [[nodiscard]] std::string of(server_task_result& result);

    /// Keeps a final result for `body`.
    void collect(server_task_result& result);

    /// The whole answer: all choices, one usage.
    [[nodiscard]] std::string body();

    /// The usage frame, if it was asked for.
    [[nodiscard]] std::string usage() const;

    /// Whether every choice is complete.
    [[nodiscard]] bool finished() const { return done_ == expected_; }

  private:
    [[nodiscard]] std::string of_partial(server_task_result_cmpl_partial& partial);
    [[nodiscard]] std::string of_final(server_task_result_cmpl_final& final);
    [[nodiscard]] bool is_held(server_task_result_cmpl_partial& partial);
    [[nodiscard]] std::string with_ids(const json& chunks);
    [[nodiscard]] static std::string ids_event(const StreamIds::Ready& ready);
    [[nodiscard]] json usage_json() const;
    void count(const server_task_result_cmpl_final& final);

    const LlamaCore& core_;
    Operation operation_;
    std::size_t choices_ = 1;   ///< of each prompt
    std::size_t expected_ = 1;  ///< choices of all prompts
    std::size_t done_ = 0;
    bool include_usage_ = false;
    bool include_timings_ = false;  ///< in every chunk
    std::string id_;
    std::set<std::size_t> greeted_;  ///< choices whose role was sent
    std::optional<StreamIds> ids_;
    std::optional<TriggerWatch> watch_;
    std::vector<common_chat_msg_diff> held_;  ///< of frames that did not go out
    std::vector<json> bodies_;
    std::optional<Tokens> resumed_from_;  ///< the prompt that an answer began with which goes on here
    Tokens prompt_, cached_, output_;
};

}  // namespace rbees::engine
