#pragma once
/// @file
/// Carries one answer from the engine's blocking calls to the loop that writes to the client.
///
/// A reader's thread runs `run`; a coroutine on the loop awaits `opening`, then `take` until it is empty. Nothing is
/// delayed: a piece wakes the loop if it waits, and whatever came while it was writing goes out with the next write.
/// Back-pressure: with `bytes_max` untaken the reader's thread waits. `cancel` reaches the engine at once.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rbees/contracts/problem.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/net/task.hpp"

namespace rbees::workerd {

/// Why an answer was stopped.
enum class Stopped : std::uint8_t {
    by_task,  ///< POST /cancel
    client_left,
    by_lease,  ///< an execution paused, or is over
};

/// Held by shared_ptr, by the loop's side and the thread's side.
class AnswerStream : public std::enable_shared_from_this<AnswerStream> {
  public:
    using Opening = std::expected<engine::Head, contracts::Problem>;

    AnswerStream(net::IoContext& io, std::size_t bytes_max) : io_(io), waiting_bytes_max_(bytes_max) {}
    AnswerStream(const AnswerStream&) = delete;
    AnswerStream& operator=(const AnswerStream&) = delete;

    /// Checks the body, asks the engine, and hands on what it says; returns when the slot is free again.
    /// On a reader's thread. An exception of the engine passes through.
    void run(engine::Engine& engine, engine::Call call);

    /// The same for the body of POST /continue, which says what to ask.
    void run_continuation(engine::Engine& engine, engine::Call call);

    /// The same for a body that was checked. With `Frames::tokens` its events are for `take_events`.
    void run_checked(engine::Engine& engine, engine::Call call);

    /// The head, or why the engine was not asked (broken JSON) or stopped. On the loop's thread, once.
    [[nodiscard]] net::Task<Opening> opening();

    /// Every byte that waits, one at least; empty at the end. On the loop's thread.
    [[nodiscard]] net::Task<std::string> take();

    /// Every event that waits, one at least; empty at the end. On the loop's thread.
    [[nodiscard]] net::Task<std::vector<engine::Event>> take_events();

    /// Stops the work; `opening` and `take` return soon. The first reason stays. From any thread; idempotent.
    void cancel(Stopped why) noexcept;

    [[nodiscard]] std::optional<Stopped> stopped() const;

  private:
    void open(Opening opening);
    /// False when there is no use in more.
    [[nodiscard]] bool push(std::string piece);
    [[nodiscard]] bool push(engine::Event event);
    [[nodiscard]] bool wait_for_room(std::unique_lock<std::mutex>& lock);
    void read(engine::Answer& answer, engine::Frames frames);
    void end();
    void wake_loop(std::unique_lock<std::mutex> lock);
    [[nodiscard]] net::Task<void> news();
    [[nodiscard]] std::optional<Opening> opening_now();
    template <class Waiting>
    [[nodiscard]] net::Task<Waiting> take_from(Waiting& waiting);
    template <class Waiting>
    [[nodiscard]] std::optional<Waiting> take_now(Waiting& waiting);

    net::IoContext& io_;
    const std::size_t waiting_bytes_max_;
    std::move_only_function<void()> waiting_coroutine_;  ///< the loop's thread only

    mutable std::mutex mutex_;  ///< guards all below
    std::condition_variable room_;
    std::optional<Opening> opening_;
    std::string waiting_;
    std::vector<engine::Event> waiting_events_;
    std::size_t waiting_bytes_ = 0;     ///< of both
    engine::Answer* answer_ = nullptr;  ///< while it lives, so that `cancel` reaches it
    std::optional<Stopped> stopped_;
    bool ended_ = false;
    bool loop_waits_ = false;
};

}  // namespace rbees::workerd
