#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "sim_answer.hpp"
#include "sim_format.hpp"
#include "sim_generation.hpp"

namespace rbees::engine {
namespace {

class TokenAnswer final : public Answer {
  public:
    TokenAnswer(const std::shared_ptr<SimulatedCore>& core, Script script, Delivery delivery)
        : delivery_(std::move(delivery)),
          generation_(core, std::move(script), delivery_.first),
          format_(delivery_.operation, core->name, delivery_.task, generation_.script()),
          said_(generation_.before()) {}

    Head head() override {
        if (generation_.stopped()) return {.status = 499};
        return {.content_type = "text/event-stream"};
    }

    std::optional<std::string> next() override { return std::nullopt; }

    std::optional<Event> next_event() override {
        if (generation_.stopped()) step_ = Step::ended;
        switch (step_) {
            case Step::begin:
                step_ = Step::wait;
                return started(generation_.script(), delivery_.first);
            case Step::wait:
                if (auto error = generation_.enter()) return fail(std::move(*error));
                step_ = Step::tokens;
                return next_token();
            case Step::tokens:
                return next_token();
            case Step::ended:
                break;
        }
        generation_.leave();
        return std::nullopt;
    }

    void cancel() noexcept override { generation_.stop(); }

  private:
    enum class Step : std::uint8_t { begin, wait, tokens, ended };

    std::optional<Event> fail(ApiError error) {
        generation_.leave();
        step_ = Step::ended;
        if (generation_.stopped()) return std::nullopt;
        return error;
    }

    std::optional<Event> next_token() {
        const auto place = generation_.place();
        auto token = generation_.next();
        if (!token) return fail(std::move(token.error()));
        if (!*token) return end();
        auto& [id, text] = **token;
        if (is_chat()) said_ += text;
        Said said{.first = place, .ids = {id}};
        if (generation_.script().tool.empty()) {
            said.text = std::move(text);
        } else {
            said.delta = format_.tool_delta(place, text);
        }
        return said;
    }

    Event end() {
        generation_.leave();
        step_ = Step::ended;
        const auto usage = generation_.usage();
        return Ended{.stop_reason = std::string(generation_.finish()),
                     .prompt = usage.prompt,
                     .output = usage.output,
                     .message = is_chat() ? format_.message(said_) : std::string{}};
    }

    [[nodiscard]] bool is_chat() const { return delivery_.operation == Operation::chat; }

    const Delivery delivery_;
    SimulatedGeneration generation_;
    SimulatedFormat format_;
    std::string said_;  ///< of a chat, for the message at the end
    Step step_ = Step::begin;
};

}  // namespace

std::unique_ptr<Answer> token_answer(const std::shared_ptr<SimulatedCore>& core, Script script, Delivery delivery) {
    return std::make_unique<TokenAnswer>(core, std::move(script), std::move(delivery));
}

}  // namespace rbees::engine
