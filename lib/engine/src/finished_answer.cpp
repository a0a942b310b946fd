#include "rbees/engine/finished_answer.hpp"

#include <atomic>
#include <utility>

namespace rbees::engine {
namespace {

class FinishedAnswer final : public Answer {
  public:
    explicit FinishedAnswer(std::string body) : body_(std::move(body)) {}
    explicit FinishedAnswer(const ApiError& error)
        : head_{.status = error.status}, body_(to_body(error)), error_(error) {}

    Head head() override { return cancelled_ ? Head{.status = 499} : head_; }

    std::optional<std::string> next() override {
        if (cancelled_) return std::nullopt;
        return std::exchange(body_, std::nullopt);
    }

    std::optional<Event> next_event() override {
        if (cancelled_ || !error_) return std::nullopt;
        return *std::exchange(error_, std::nullopt);
    }

    void cancel() noexcept override { cancelled_ = true; }

  private:
    Head head_;
    std::optional<std::string> body_;
    std::optional<ApiError> error_;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

std::unique_ptr<Answer> finished_answer(std::string body) {
    return std::make_unique<FinishedAnswer>(std::move(body));
}

std::unique_ptr<Answer> finished_answer(const ApiError& error) {
    return std::make_unique<FinishedAnswer>(error);
}

}  // namespace rbees::engine
