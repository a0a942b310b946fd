#include "answer_stream.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "continuing.hpp"
#include "rbees/reflect/json.hpp"
#include "refusals.hpp"

namespace rbees::workerd {
namespace {

/// What an event takes of memory, about.
std::size_t size_of(const engine::Event& event) {
    struct Size {
        std::size_t operator()(const engine::Started& started) const {
            return started.prompt.size() * sizeof(std::int32_t) + started.sampling.size();
        }
        std::size_t operator()(const engine::Said& said) const {
            return said.ids.size() * sizeof(std::int32_t) + said.text.size() + said.delta.size();
        }
        std::size_t operator()(const engine::Ended& ended) const { return ended.message.size(); }
        std::size_t operator()(const engine::ApiError& error) const { return error.message.size(); }
    };
    return sizeof event + std::visit(Size{}, event);
}

}  // namespace

void AnswerStream::run(engine::Engine& engine, engine::Call call) {
    const auto checked = reflect::parse_json(call.body);
    if (!checked) {
        open(std::unexpected(not_json(checked.error())));
        return end();
    }
    run_checked(engine, std::move(call));
}

void AnswerStream::run_continuation(engine::Engine& engine, engine::Call call) {
    auto continued = continued_call(std::move(call));
    if (!continued) {
        open(std::unexpected(std::move(continued.error())));
        return end();
    }
    run_checked(engine, std::move(*continued));
}

void AnswerStream::run_checked(engine::Engine& engine, engine::Call call) {
    if (!stopped()) {
        const auto frames = call.frames;
        const auto answer = engine.start(std::move(call));
        read(*answer, frames);
    }
    end();
}

void AnswerStream::read(engine::Answer& answer, engine::Frames frames) {
    bool is_stopped = false;
    {
        const std::lock_guard lock(mutex_);
        answer_ = &answer;
        is_stopped = stopped_.has_value();
    }
    if (is_stopped) answer.cancel();
    open(answer.head());
    const auto hand_on = [this](auto piece) { return piece && push(std::move(*piece)); };
    bool more = true;
    while (more) {
        more = frames == engine::Frames::tokens ? hand_on(answer.next_event()) : hand_on(answer.next());
    }
    const std::lock_guard lock(mutex_);
    answer_ = nullptr;
}

void AnswerStream::cancel(Stopped why) noexcept {
    std::unique_lock lock(mutex_);
    if (stopped_ || ended_) return;
    stopped_ = why;
    if (answer_ != nullptr) answer_->cancel();
    room_.notify_one();
}

std::optional<Stopped> AnswerStream::stopped() const {
    const std::lock_guard lock(mutex_);
    return stopped_;
}

net::Task<AnswerStream::Opening> AnswerStream::opening() {
    auto opening = opening_now();
    while (!opening) {
        co_await news();
        opening = opening_now();
    }
    co_return std::move(*opening);
}

net::Task<std::string> AnswerStream::take() {
    return take_from(waiting_);
}

net::Task<std::vector<engine::Event>> AnswerStream::take_events() {
    return take_from(waiting_events_);
}

template <class Waiting>
net::Task<Waiting> AnswerStream::take_from(Waiting& waiting) {
    auto taken = take_now(waiting);
    while (!taken) {
        co_await news();
        taken = take_now(waiting);
    }
    co_return std::move(*taken);
}

void AnswerStream::open(Opening opening) {
    std::unique_lock lock(mutex_);
    opening_ = std::move(opening);
    wake_loop(std::move(lock));
}

bool AnswerStream::push(std::string piece) {
    std::unique_lock lock(mutex_);
    if (!wait_for_room(lock)) return false;
    waiting_bytes_ += piece.size();
    if (waiting_.empty()) {
        waiting_ = std::move(piece);
    } else {
        waiting_ += piece;
    }
    wake_loop(std::move(lock));
    return true;
}

bool AnswerStream::push(engine::Event event) {
    std::unique_lock lock(mutex_);
    if (!wait_for_room(lock)) return false;
    waiting_bytes_ += size_of(event);
    waiting_events_.push_back(std::move(event));
    wake_loop(std::move(lock));
    return true;
}

bool AnswerStream::wait_for_room(std::unique_lock<std::mutex>& lock) {
    room_.wait(lock, [this] { return stopped_ || waiting_bytes_ < waiting_bytes_max_; });
    return !stopped_;
}

void AnswerStream::end() {
    std::unique_lock lock(mutex_);
    ended_ = true;
    wake_loop(std::move(lock));
}

/// Posts once for each time that the loop began to wait: a loop that is busy writing asks by itself afterwards.
void AnswerStream::wake_loop(std::unique_lock<std::mutex> lock) {
    if (!std::exchange(loop_waits_, false)) return;
    lock.unlock();
    boost::asio::post(io_, [self = shared_from_this()] {
        auto coroutine = std::exchange(self->waiting_coroutine_, {});
        if (coroutine) coroutine();
    });
}

/// Suspends until the post of `wake_loop`, which runs on this thread and therefore after the suspension.
net::Task<void> AnswerStream::news() {
    const auto keep = [this](auto handler) { waiting_coroutine_ = std::move(handler); };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(keep, boost::asio::use_awaitable);
}

std::optional<AnswerStream::Opening> AnswerStream::opening_now() {
    const std::lock_guard lock(mutex_);
    loop_waits_ = !opening_ && !ended_;
    if (loop_waits_) return std::nullopt;
    if (stopped_ || !opening_) return std::unexpected(was_cancelled());
    return std::move(opening_);
}

template <class Waiting>
std::optional<Waiting> AnswerStream::take_now(Waiting& waiting) {
    const std::lock_guard lock(mutex_);
    loop_waits_ = waiting.empty() && !ended_;
    if (loop_waits_) return std::nullopt;
    const bool was_full = waiting_bytes_ >= waiting_bytes_max_;
    waiting_bytes_ = 0;
    if (was_full) room_.notify_one();
    return std::exchange(waiting, {});
}

}  // namespace rbees::workerd
