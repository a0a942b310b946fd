#include "rbees/engine/finished_answer.hpp"

#include <atomic>
#include <utility>

namespace rbees::engine {
namespace {

class FinishedAnswer final : public Answer {
  public:
    FinishedAnswer(Head head, std::string body) : head_(std::move(head)), body_(std::move(body)) {}

    Head head() override { return cancelled_ ? Head{.status = 499} : head_; }

    std::optional<std::string> next() override {
        if (cancelled_) return std::nullopt;
        return std::exchange(body_, std::nullopt);
    }

    void cancel() noexcept override { cancelled_ = true; }

  private:
    Head head_;
    std::optional<std::string> body_;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace

std::unique_ptr<Answer> finished_answer(std::string body) {
    return std::make_unique<FinishedAnswer>(Head{}, std::move(body));
}

std::unique_ptr<Answer> finished_answer(const ApiError& error) {
    return std::make_unique<FinishedAnswer>(Head{.status = error.status}, to_body(error));
}

}  // namespace rbees::engine
