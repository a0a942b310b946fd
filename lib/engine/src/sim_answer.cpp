#include "sim_answer.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <expected>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sim_format.hpp"
#include "sim_output.hpp"
#include "sim_work.hpp"

namespace rbees::engine {
namespace {

class GenerationAnswer final : public Answer {
  public:
    GenerationAnswer(std::shared_ptr<SimulatedCore> core, Script script, Delivery delivery)
        : core_(std::move(core)),
          script_(std::move(script)),
          delivery_(std::move(delivery)),
          output_(script_.output, script_.stops),
          format_(delivery_.operation, core_->name, delivery_.task, script_),
          stay_(core_) {
        output_.skip(delivery_.first);
    }

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
        if (auto error = stay_.enter(known())) return error;
        if (delivery_.stream) return std::nullopt;
        std::string text;
        auto token = make_token();
        for (; token && *token; token = make_token())
            text += (*token)->text;
        leave();
        if (!token) return token.error();
        body_ = format_.body(text, finish(), usage());
        step_ = Step::whole;
        return std::nullopt;
    }

    /// What the slot must hold before the first token: the prompt, and what was said to it elsewhere.
    TokenIdList known() const {
        auto tokens = script_.prompt;
        const auto count = std::min(delivery_.first, script_.output.size());
        for (std::size_t place = 0; place < count; ++place)
            tokens.push_back(script_.output.at(place));
        return tokens;
    }

    std::optional<std::string> begin() {
        if (delivery_.ids == TokenIds::included) return format_.start_event(core_->hash);
        return next_token();
    }

    std::optional<std::string> next_token() {
        const auto token = make_token();
        if (!token) {
            leave();
            step_ = Step::ended;
            if (stay_.stopped()) return std::nullopt;
            return sse_data(to_body(token.error()));
        }
        if (!*token) {
            leave();
            step_ = delivery_.include_usage ? Step::usage : Step::done;
            const auto ids = delivery_.ids == TokenIds::included
                                 ? SimulatedFormat::no_ids_event(delivery_.first + made_)
                                 : std::string{};
            return ids + format_.finish_frame(finish());
        }
        const auto& [id, text] = **token;
        const auto place = delivery_.first + made_ - 1;
        const auto ids = delivery_.ids == TokenIds::included ? SimulatedFormat::ids_event(place, id) : std::string{};
        return ids + format_.token_frame(place, text);
    }

    /// The next token as soon as it is due, nothing after the last one, or the error that ends the answer.
    std::expected<std::optional<OutputToken>, ApiError> make_token() {
        auto token = output_.next();
        if (!token) return std::nullopt;
        if (auto error = wait_for_token()) return std::unexpected(std::move(*error));
        ++made_;
        core_->count_token(1 / core_->model.decode);
        return token;
    }

    /// The first token is due with the end of the prompt.
    std::optional<ApiError> wait_for_token() {
        const auto& model = core_->model;
        if (model.fail_after != 0 && made_ >= model.fail_after)
            return server_error("The simulated engine failed, as its model says.");
        if (model.stall_after != 0 && made_ >= model.stall_after) wait_for_stop();
        const std::chrono::duration<double> since_prompt(static_cast<double>(made_) / model.decode);
        core_->pace->wait_until(stay_.prefilled() + std::chrono::duration_cast<Duration>(since_prompt), stay_.token());
        if (stay_.stopped()) return cancelled_error();
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

    void leave() { stay_.leave({.prompt = script_.prompt, .answer = script_.output, .made = delivery_.first + made_}); }

    std::string_view finish() const { return output_.met_stop() ? std::string_view("stop") : script_.finish; }

    Usage usage() const {
        const Tokens prompt(script_.prompt.size());
        return {
            .prompt = prompt, .cached = std::min(stay_.cached(), prompt), .output = Tokens(delivery_.first + made_)};
    }

    std::shared_ptr<SimulatedCore> core_;
    const Script script_;
    const Delivery delivery_;
    OutputReader output_;
    SimulatedFormat format_;
    SlotStay stay_;
    Step step_ = Step::begin;
    std::optional<Head> head_;
    std::string body_;
    std::size_t made_ = 0;  ///< output tokens so far, of this answer alone
};

}  // namespace

std::unique_ptr<Answer> generation_answer(std::shared_ptr<SimulatedCore> core, Script script, Delivery delivery) {
    return std::make_unique<GenerationAnswer>(std::move(core), std::move(script), std::move(delivery));
}

}  // namespace rbees::engine
