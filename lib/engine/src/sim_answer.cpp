#include "sim_answer.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "sim_format.hpp"
#include "sim_generation.hpp"

namespace rbees::engine {
namespace {

class GenerationAnswer final : public Answer {
  public:
    GenerationAnswer(const std::shared_ptr<SimulatedCore>& core, Script script, Delivery delivery)
        : hash_(core->hash),
          delivery_(std::move(delivery)),
          generation_(core, std::move(script), delivery_.first),
          format_(delivery_.operation, core->name, delivery_.task, generation_.script()) {}

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
        if (generation_.stopped()) return end();
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
                return format_.usage_frame(generation_.usage());
            case Step::done:
                step_ = Step::ended;
                return std::string(sse_done);
            case Step::ended:
                break;
        }
        return std::nullopt;
    }

    void cancel() noexcept override { generation_.stop(); }

  private:
    enum class Step : std::uint8_t { begin, tokens, usage, done, whole, ended };

    /// Works until the status is known: to the first token of a stream, to the end of a whole body.
    std::optional<ApiError> start() {
        if (generation_.stopped()) return cancelled_error();
        if (auto error = generation_.enter()) return error;
        if (delivery_.stream) return std::nullopt;
        std::string text;
        auto token = generation_.next();
        for (; token && *token; token = generation_.next())
            text += (*token)->text;
        generation_.leave();
        if (!token) return token.error();
        body_ = format_.body(text, generation_.finish(), generation_.usage());
        step_ = Step::whole;
        return std::nullopt;
    }

    std::optional<std::string> begin() {
        if (delivery_.ids == TokenIds::included) return start_event(started(generation_.script(), 0), hash_);
        return next_token();
    }

    std::optional<std::string> next_token() {
        const auto place = generation_.place();
        const auto token = generation_.next();
        if (!token) {
            generation_.leave();
            step_ = Step::ended;
            if (generation_.stopped()) return std::nullopt;
            return sse_data(to_body(token.error()));
        }
        if (!*token) {
            generation_.leave();
            step_ = delivery_.include_usage ? Step::usage : Step::done;
            const auto ids = delivery_.ids == TokenIds::included ? SimulatedFormat::no_ids_event(place) : std::string{};
            return ids + format_.finish_frame(generation_.finish());
        }
        const auto& [id, text] = **token;
        const auto ids = delivery_.ids == TokenIds::included ? SimulatedFormat::ids_event(place, id) : std::string{};
        return ids + format_.token_frame(place, text);
    }

    std::optional<std::string> end() {
        generation_.leave();
        step_ = Step::ended;
        return std::nullopt;
    }

    const std::string hash_;
    const Delivery delivery_;
    SimulatedGeneration generation_;
    SimulatedFormat format_;
    Step step_ = Step::begin;
    std::optional<Head> head_;
    std::string body_;
};

}  // namespace

std::unique_ptr<Answer> generation_answer(const std::shared_ptr<SimulatedCore>& core, Script script,
                                          Delivery delivery) {
    return std::make_unique<GenerationAnswer>(core, std::move(script), std::move(delivery));
}

}  // namespace rbees::engine
