#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "generation.hpp"
#include "generation_run.hpp"
#include "token_events.hpp"

namespace rbees::engine {
namespace {

class TokenAnswer final : public Answer {
  public:
    TokenAnswer(const std::shared_ptr<LlamaCore>& core, Call call) : core_(core), run_(core, std::move(call)) {}

    Head head() override {
        if (!head_) head_ = start();
        return *head_;
    }

    std::optional<std::string> next() override { return std::nullopt; }

    std::optional<Event> next_event() override {
        if (!head_) (void)head();
        while (events_.empty() && reading_) {
            const auto result = run_.next();
            if (!result) {
                fail(result.error());
            } else {
                reading_->take(**result, events_);
            }
        }
        if (run_.cancelled() || events_.empty()) return std::nullopt;
        auto event = std::move(events_.front());
        events_.pop_front();
        if (std::holds_alternative<Ended>(event) || std::holds_alternative<ApiError>(event)) reading_.reset();
        return event;
    }

    void cancel() noexcept override { run_.cancel(); }

  private:
    Head start() {
        auto prepared = run_.prepare();
        if (!prepared) return fail(prepared.error());
        events_.emplace_back(*prepared->started);
        reading_.emplace(*core_, *prepared, run_.call().operation);
        if (const auto posted = run_.post(std::move(*prepared)); !posted) return fail(posted.error());
        return {.content_type = "text/event-stream"};
    }

    Head fail(const ApiError& error) {
        reading_.reset();
        events_.assign(1, error);
        return {.status = error.status};
    }

    std::shared_ptr<LlamaCore> core_;
    GenerationRun run_;
    std::optional<Head> head_;
    std::optional<TokenEvents> reading_;  ///< until the last event
    std::deque<Event> events_;
};

}  // namespace

std::unique_ptr<Answer> token_answer(const std::shared_ptr<LlamaCore>& core, Call call) {
    return std::make_unique<TokenAnswer>(core, std::move(call));
}

}  // namespace rbees::engine
