#include "task_reader.hpp"

#include <exception>
#include <utility>

namespace rbees::engine {

TaskReader::TaskReader(std::shared_ptr<LlamaCore> core)
    : core_(std::move(core)), reader_(core_->context.get_response_reader()) {}

TaskReader::~TaskReader() {
    if (!posted_.empty()) core_->closed();
}

bool TaskReader::post(std::vector<server_task>&& tasks, std::optional<Sent> sent) {
    const std::scoped_lock lock(mutex_);
    if (cancelled_) return false;
    for (const auto id : server_task::get_list_id(tasks))
        posted_.push_back(id);
    core_->opened();
    reader_.post_tasks(std::move(tasks));
    if (sent) {
        auto& state = reader_.states.front();
        state.generated_text = std::move(sent->text);
        if (tool_calls_) tool_calls_->settle(state, std::move(sent->message));
    }
    return true;
}

server_task_result_ptr TaskReader::next() {
    if (cancelled() || !reader_.has_next()) return nullptr;
    auto result = read();
    if (cancelled()) return nullptr;
    return result;
}

/// llama.cpp parses what a chat model says in here, and throws when it cannot.
server_task_result_ptr TaskReader::read() {
    try {
        auto result = reader_.next([this] { return cancelled() || core_->stopped(); });
        const bool has_state = result && !result->is_error() && result->index < reader_.states.size();
        if (tool_calls_ && has_state) tool_calls_->settle(reader_.states[result->index], *result);
        return result;
    } catch (const std::exception& error) {
        reader_.stop();
        auto result = std::make_unique<server_task_result_error>();
        result->err_type = ERROR_TYPE_SERVER;
        result->err_msg = error.what();
        return result;
    }
}

void TaskReader::cancel() noexcept {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(cancelled_, true) || posted_.empty()) return;
    std::vector<server_task> cancels;
    for (const auto id : posted_) {
        server_task& task = cancels.emplace_back(SERVER_TASK_TYPE_CANCEL);
        task.id_target = id;
    }
    constexpr bool before_all_others = true;
    reader_.queue_tasks.post(std::move(cancels), before_all_others);
    auto wake = std::make_unique<server_task_result_error>();
    wake->id = posted_.front();
    wake->err_msg = "cancelled";
    reader_.queue_results.send(std::move(wake));
}

bool TaskReader::cancelled() const {
    const std::scoped_lock lock(mutex_);
    return cancelled_;
}

}  // namespace rbees::engine
