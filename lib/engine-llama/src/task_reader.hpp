#pragma once
/// @file
/// Posts tasks to the loop and reads their results, with a cancel that works at once.
///
/// llama.cpp's own reader asks only once a second whether to stop, and not at all while other requests keep sending
/// results. Here `cancel` puts the cancel task before all others and sends the reader a result that wakes it.

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "llama_core.hpp"
#include "tool_call_ids.hpp"

namespace rbees::engine {

/// One thread posts and reads; any thread cancels. Destruction cancels what still runs.
class TaskReader {
  public:
    explicit TaskReader(std::shared_ptr<LlamaCore> core);
    TaskReader(const TaskReader&) = delete;
    TaskReader& operator=(const TaskReader&) = delete;
    ~TaskReader();

    [[nodiscard]] int new_id() { return reader_.get_new_id(); }

    /// From now on the calls in the results have these ids. Before `post`.
    void name_tool_calls(ToolCallIds ids) { tool_calls_ = std::move(ids); }

    /// What a client has of the one answer already.
    struct Sent {
        std::string text;
        common_chat_msg message;
    };

    /// False if it was cancelled before. Once. The results say only what comes behind `sent`.
    [[nodiscard]] bool post(std::vector<server_task>&& tasks, std::optional<Sent> sent = {});

    /// Blocks for the next result; what cannot be read is an error result, and the last one. Null after `cancel`, after
    /// the engine stopped, and after the last result.
    [[nodiscard]] server_task_result_ptr next();

    void cancel() noexcept;

    [[nodiscard]] bool cancelled() const;

  private:
    [[nodiscard]] server_task_result_ptr read();

    std::shared_ptr<LlamaCore> core_;
    server_response_reader reader_;
    std::optional<ToolCallIds> tool_calls_;
    mutable std::mutex mutex_;
    bool cancelled_ = false;
    std::vector<int> posted_;  ///< ids, once posted
};

}  // namespace rbees::engine
