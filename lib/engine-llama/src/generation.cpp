#include "generation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <deque>
#include <optional>
#include <utility>

#include "generation_frames.hpp"
#include "prepare.hpp"
#include "task_reader.hpp"

namespace rbees::engine {
namespace {

class GenerationAnswer final : public Answer {
  public:
    GenerationAnswer(std::shared_ptr<LlamaCore> core, Call call)
        : core_(std::move(core)), call_(std::move(call)), reader_(core_) {}

    Head head() override {
        if (!head_) head_ = start();
        return *head_;
    }

    std::optional<std::string> next() override {
        if (!head_) (void)head();
        if (reader_.cancelled()) return std::nullopt;
        if (body_) return std::exchange(body_, std::nullopt);
        if (!frames_) return std::nullopt;
        if (auto first = std::exchange(first_, std::nullopt)) return first;
        return next_frames();
    }

    void cancel() noexcept override { reader_.cancel(); }

  private:
    Head start() {
        if (reader_.cancelled()) return refuse(cancelled_error());
        if (core_->open() >= core_->capabilities.slots + max_waiting) return refuse(queue_full());
        auto prepared = prepare_generation(*core_, call_, reader_);
        if (!prepared) return refuse(prepared.error());
        const bool stream = prepared->request.stream;
        frames_.emplace(*core_, *prepared, call_);
        const auto ids = tool_call_ids(prepared->tasks.front());
        if (prepared->resumed && prepared->resumed->ended) return start_end(*prepared, ids);
        reader_.name_tool_calls(ids);
        if (!reader_.post(std::move(prepared->tasks), sent(*prepared))) return refuse(cancelled_error());
        core_->meter.count_request();
        return stream ? start_stream(std::move(prepared->start_event)) : whole();
    }

    /// The same for an answer that goes on as for the one that broke off.
    ToolCallIds tool_call_ids(const server_task& task) const {
        if (call_.from) return {call_.from->seed, call_.from->prompt};
        return {task.params.sampling.seed, task.tokens.get_text_tokens()};
    }

    static std::optional<TaskReader::Sent> sent(const Prepared& prepared) {
        if (!prepared.resumed) return std::nullopt;
        return TaskReader::Sent{prepared.resumed->text, prepared.resumed->message};
    }

    /// Only the end of the answer was missing: nothing is generated.
    Head start_end(Prepared& prepared, const ToolCallIds& ids) {
        const auto end = end_of(prepared.tasks.front(), *prepared.resumed, ids);
        first_ = std::move(prepared.start_event) + frames_->of(*end);
        return {.content_type = "text/event-stream"};
    }

    /// Waits for the first token, so that an error of the prompt is never a 200.
    Head start_stream(std::string start_event) {
        auto frames = frames_of_next();
        if (!frames) return refuse(frames.error());
        first_ = std::move(start_event) + *frames;
        return {.content_type = "text/event-stream"};
    }

    Head whole() {
        while (auto result = reader_.next()) {
            if (result->is_error()) return refuse(error_of(*result));
            note(*result);
            frames_->collect(*result);
        }
        if (reader_.cancelled() || !frames_->finished()) return refuse(stopped_error());
        body_ = frames_->body();
        frames_.reset();
        return {};
    }

    std::optional<std::string> next_frames() {
        if (frames_->finished()) {
            auto last = frames_->usage() + std::string(sse_done);
            frames_.reset();
            return last;
        }
        auto frames = frames_of_next();
        if (frames) return std::move(*frames);
        frames_.reset();
        if (reader_.cancelled()) return std::nullopt;
        return sse_data(to_body(frames.error()));
    }

    /// The frames of the next result that has any.
    std::expected<std::string, ApiError> frames_of_next() {
        while (auto result = reader_.next()) {
            if (result->is_error()) return std::unexpected(error_of(*result));
            note(*result);
            if (auto frames = frames_->of(*result); !frames.empty()) return frames;
        }
        return std::unexpected(stopped_error());
    }

    ApiError stopped_error() const {
        return reader_.cancelled() ? cancelled_error() : server_error("The engine was stopped.");
    }

    Head refuse(const ApiError& error) {
        frames_.reset();
        body_ = to_body(error);
        return {.status = error.status};
    }

    /// Counts what a result brought.
    void note(const server_task_result& result) {
        if (const auto progress = progress_of(result)) core_->meter.count_output(counter_.add(*progress));
    }

    std::shared_ptr<LlamaCore> core_;
    const Call call_;
    TaskReader reader_;
    std::optional<Head> head_;
    std::optional<GenerationFrames> frames_;
    std::optional<std::string> first_;
    std::optional<std::string> body_;
    ProgressCounter counter_;
};

}  // namespace

std::unique_ptr<Answer> generation_answer(std::shared_ptr<LlamaCore> core, Call call) {
    return std::make_unique<GenerationAnswer>(std::move(core), std::move(call));
}

}  // namespace rbees::engine
