#include "generation.hpp"

#include <optional>
#include <string>
#include <utility>

#include "generation_frames.hpp"
#include "generation_run.hpp"
#include "prepare.hpp"

namespace rbees::engine {
namespace {

class GenerationAnswer final : public Answer {
  public:
    GenerationAnswer(const std::shared_ptr<LlamaCore>& core, Call call) : core_(core), run_(core, std::move(call)) {}

    Head head() override {
        if (!head_) head_ = start();
        return *head_;
    }

    std::optional<std::string> next() override {
        if (!head_) (void)head();
        if (run_.cancelled()) return std::nullopt;
        if (body_) return std::exchange(body_, std::nullopt);
        if (!frames_) return std::nullopt;
        if (auto first = std::exchange(first_, std::nullopt)) return first;
        return next_frames();
    }

    void cancel() noexcept override { run_.cancel(); }

  private:
    Head start() {
        auto prepared = run_.prepare();
        if (!prepared) return refuse(prepared.error());
        const bool stream = prepared->request.stream;
        const auto& started = prepared->started;
        auto start = started ? start_event(*started, core_->capabilities.model_hash) : std::string{};
        frames_.emplace(*core_, *prepared, run_.call());
        if (const auto posted = run_.post(std::move(*prepared)); !posted) return refuse(posted.error());
        return stream ? start_stream(std::move(start)) : whole();
    }

    /// Waits for the first token, so that an error of the prompt is never a 200.
    Head start_stream(std::string start_event) {
        auto frames = frames_of_next();
        if (!frames) return refuse(frames.error());
        first_ = std::move(start_event) + *frames;
        return {.content_type = "text/event-stream"};
    }

    Head whole() {
        while (!frames_->finished()) {
            const auto result = run_.next();
            if (!result) return refuse(result.error());
            frames_->collect(**result);
        }
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
        if (run_.cancelled()) return std::nullopt;
        return sse_data(to_body(frames.error()));
    }

    /// The frames of the next result that has any.
    std::expected<std::string, ApiError> frames_of_next() {
        while (true) {
            const auto result = run_.next();
            if (!result) return std::unexpected(result.error());
            if (auto frames = frames_->of(**result); !frames.empty()) return frames;
        }
    }

    Head refuse(const ApiError& error) {
        frames_.reset();
        body_ = to_body(error);
        return {.status = error.status};
    }

    std::shared_ptr<LlamaCore> core_;
    GenerationRun run_;
    std::optional<Head> head_;
    std::optional<GenerationFrames> frames_;
    std::optional<std::string> first_;
    std::optional<std::string> body_;
};

}  // namespace

std::unique_ptr<Answer> generation_answer(const std::shared_ptr<LlamaCore>& core, Call call) {
    return std::make_unique<GenerationAnswer>(core, std::move(call));
}

}  // namespace rbees::engine
