#include "sim_answer.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "sim_format.hpp"
#include "sim_work.hpp"

namespace rbees::engine {
namespace {

class GenerationAnswer final : public Answer {
  public:
    GenerationAnswer(std::shared_ptr<SimulatedCore> core, Script script, const Delivery& delivery)
        : core_(std::move(core)),
          script_(std::move(script)),
          delivery_(delivery),
          format_(delivery.operation, core_->name, script_),
          stay_(core_) {}

    Head head() override {
        if (head_) return *head_;
        if (auto error = start()) {
            body_ = to_body(*error);
            step_ = Step::whole;
            head_ = Head{.status = error->status};
        } else {
            head_ = Head{.content_type = delivery_.stream ? "text/event-stream" : "application/json"};
        }
        return *head_;
    }

    std::optional<std::string> next() override {
        if (!head_) (void)head();
        if (stay_.stopped()) return end();
        switch (step_) {
            case Step::whole:
                step_ = Step::ended;
                return std::move(body_);
            case Step::begin:
                step_ = Step::tokens;
                return begin();
            case Step::tokens:
                return next_token();
            case Step::usage:
                step_ = Step::done;
                return format_.usage_frame(usage());
            case Step::done:
                step_ = Step::ended;
                return std::string(sse_done);
            case Step::ended:
                break;
        }
        return std::nullopt;
    }

    void cancel() noexcept override { stay_.stop(); }

  private:
    enum class Step : std::uint8_t { begin, tokens, usage, done, whole, ended };

    /// Works until the status is known: to the first token of a stream, to the end of a whole body.
    std::optional<ApiError> start() {
        if (stay_.stopped()) return cancelled_error();
        if (auto error = stay_.enter(script_.prompt)) return error;
        if (delivery_.stream) return std::nullopt;
        while (made_ < script_.output.size()) {
            if (auto error = make_token()) {
                leave();
                return error;
            }
        }
        leave();
        body_ = format_.body(usage());
        step_ = Step::whole;
        return std::nullopt;
    }

    std::string begin() {
        if (delivery_.ids == TokenIds::included) return format_.start_event(core_->hash);
        return next_token().value_or(std::string{});
    }

    std::optional<std::string> next_token() {
        if (made_ == script_.output.size()) {
            leave();
            step_ = delivery_.include_usage ? Step::usage : Step::done;
            return format_.finish_frame();
        }
        if (auto error = make_token()) {
            leave();
            step_ = Step::ended;
            if (stay_.stopped()) return std::nullopt;
            return sse_data(to_body(*error));
        }
        const auto index = made_ - 1;
        const auto ids = delivery_.ids == TokenIds::included ? format_.ids_event(index) : std::string{};
        return ids + format_.token_frame(index);
    }

    /// Waits until the next token is due. The first is due with the end of the prompt.
    std::optional<ApiError> make_token() {
        const auto& model = core_->model;
        if (model.fail_after != 0 && made_ >= model.fail_after)
            return server_error("The simulated engine failed, as its model says.");
        if (model.stall_after != 0 && made_ >= model.stall_after) wait_for_stop();
        const std::chrono::duration<double> since_prompt(static_cast<double>(made_) / model.decode);
        core_->pace->wait_until(stay_.prefilled() + std::chrono::duration_cast<Duration>(since_prompt), stay_.token());
        if (stay_.stopped()) return cancelled_error();
        ++made_;
        core_->count_token(1 / model.decode);
        return std::nullopt;
    }

    void wait_for_stop() {
        std::mutex mutex;
        std::condition_variable_any never;
        std::unique_lock lock(mutex);
        never.wait(lock, stay_.token(), [] { return false; });
    }

    std::optional<std::string> end() {
        leave();
        step_ = Step::ended;
        return std::nullopt;
    }

    void leave() {
        auto held = script_.prompt;
        for (std::size_t i = 0; i < made_; ++i)
            held.push_back(script_.output[i].id);
        stay_.leave(std::move(held));
    }

    Usage usage() const {
        return {.prompt = Tokens(script_.prompt.size()), .cached = stay_.cached(), .output = Tokens(made_)};
    }

    std::shared_ptr<SimulatedCore> core_;
    const Script script_;
    const Delivery delivery_;
    SimulatedFormat format_;
    SlotStay stay_;
    Step step_ = Step::begin;
    std::optional<Head> head_;
    std::string body_;
    std::size_t made_ = 0;  ///< output tokens so far
};

}  // namespace

std::unique_ptr<Answer> generation_answer(std::shared_ptr<SimulatedCore> core, Script script,
                                          const Delivery& delivery) {
    return std::make_unique<GenerationAnswer>(std::move(core), std::move(script), delivery);
}

}  // namespace rbees::engine
