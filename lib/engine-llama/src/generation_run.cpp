#include "generation_run.hpp"

#include <optional>
#include <utility>

namespace rbees::engine {
namespace {

std::optional<TaskReader::Sent> sent(const Prepared& prepared) {
    if (!prepared.resumed) return std::nullopt;
    return TaskReader::Sent{prepared.resumed->text, prepared.resumed->message};
}

}  // namespace

std::expected<Prepared, ApiError> GenerationRun::prepare() {
    if (reader_.cancelled()) return std::unexpected(cancelled_error());
    if (core_->open() >= core_->capabilities.slots + max_waiting) return std::unexpected(queue_full());
    return prepare_generation(*core_, call_, reader_);
}

std::expected<void, ApiError> GenerationRun::post(Prepared prepared) {
    auto ids = tool_call_ids(prepared.tasks.front());
    if (prepared.resumed && prepared.resumed->ended) {
        only_ = end_of(prepared.tasks.front(), *prepared.resumed, std::move(ids));
        return {};
    }
    reader_.name_tool_calls(std::move(ids));
    const auto known = sent(prepared);
    if (!reader_.post(std::move(prepared.tasks), known)) return std::unexpected(cancelled_error());
    core_->meter.count_request();
    return {};
}

std::expected<server_task_result_ptr, ApiError> GenerationRun::next() {
    if (only_) return std::exchange(only_, nullptr);
    auto result = reader_.next();
    if (!result) return std::unexpected(stopped_error());
    if (result->is_error()) return std::unexpected(error_of(*result));
    if (const auto progress = progress_of(*result)) core_->meter.count_output(counter_.add(*progress));
    return result;
}

/// The same for an answer that goes on as for the one that broke off.
ToolCallIds GenerationRun::tool_call_ids(const server_task& task) const {
    if (call_.from) return {call_.from->seed, call_.from->prompt};
    return {task.params.sampling.seed, task.tokens.get_text_tokens()};
}

ApiError GenerationRun::stopped_error() const {
    return reader_.cancelled() ? cancelled_error() : server_error("The engine was stopped.");
}

}  // namespace rbees::engine
