#pragma once
/// @file
/// One generation on its way through llama.cpp, in whatever shape its results are handed over.

#include <expected>
#include <memory>

#include "generation_frames.hpp"
#include "llama_core.hpp"
#include "prepare.hpp"
#include "task_reader.hpp"

namespace rbees::engine {

/// One thread prepares, posts and reads; any thread cancels.
class GenerationRun {
  public:
    GenerationRun(std::shared_ptr<LlamaCore> core, Call call)
        : core_(std::move(core)), call_(std::move(call)), reader_(core_) {}

    /// Checks the call. Refuses what `prepare_generation` does, and a call when too many are open.
    [[nodiscard]] std::expected<Prepared, ApiError> prepare();

    /// Hands it to the loop. Where only the end of the answer was missing nothing is generated.
    [[nodiscard]] std::expected<void, ApiError> post(Prepared prepared);

    /// The next result, counted, or the error that ended the generation. A caller stops when every choice is complete.
    [[nodiscard]] std::expected<server_task_result_ptr, ApiError> next();

    void cancel() noexcept { reader_.cancel(); }
    [[nodiscard]] bool cancelled() const { return reader_.cancelled(); }
    [[nodiscard]] const Call& call() const { return call_; }

  private:
    [[nodiscard]] ToolCallIds tool_call_ids(const server_task& task) const;
    [[nodiscard]] ApiError stopped_error() const;

    std::shared_ptr<LlamaCore> core_;
    const Call call_;
    TaskReader reader_;
    server_task_result_ptr only_;  ///< the end, where nothing else was missing
    ProgressCounter counter_;
};

}  // namespace rbees::engine
