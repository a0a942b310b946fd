#pragma once
/// @file
/// Which tasks run at this worker, and how each is stopped; also which ones were cancelled before they came.
///
/// A cancel may overtake its request: they travel on different connections. So the id of every cancel is remembered for
/// a minute, and the request that comes later is refused.

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"

namespace rbees::workerd {

/// Why a task may not begin.
enum class TaskRefusal : std::uint8_t {
    cancelled,  ///< its cancel came first
};

/// Pure: time comes in. Used from the loop's thread only; held by shared_ptr, because entries outlive whoever made
/// them.
class TaskBook : public std::enable_shared_from_this<TaskBook> {
  public:
    using Stop = std::function<void()>;

    /// One running task; ends with its destruction.
    class Entry {
      public:
        Entry(Entry&& other) noexcept : book_(std::move(other.book_)), number_(other.number_) {}
        Entry& operator=(Entry&&) = delete;
        ~Entry() {
            if (book_) book_->end(number_);
        }

      private:
        friend class TaskBook;
        Entry(std::shared_ptr<TaskBook> book, std::uint64_t number) : book_(std::move(book)), number_(number) {}
        std::shared_ptr<TaskBook> book_;
        std::uint64_t number_;
    };

    /// Notes a task; `stop` is called if it is cancelled while it runs. Several may run under one id: a client sends a
    /// request again when its connection broke, and the first copy may still be here.
    [[nodiscard]] std::expected<Entry, TaskRefusal> begin(const TaskId& task, Stop stop, Instant now);

    /// Stops every task of that id, and refuses those that come within the next minute.
    void cancel(const TaskId& task, Instant now);

    [[nodiscard]] std::size_t running() const { return running_.size(); }

    /// Calls `idle` when nothing runs any more: at once, or when the last entry ends. Only the last one given counts.
    void when_idle(std::function<void()> idle);

  private:
    struct Running {
        TaskId task;
        Stop stop;
    };

    void end(std::uint64_t number);
    void forget_old_cancels(Instant now);

    std::map<std::uint64_t, Running> running_;
    std::uint64_t last_number_ = 0;
    std::unordered_map<TaskId, Instant> cancelled_;            ///< when it is forgotten
    std::deque<std::pair<Instant, TaskId>> cancels_in_order_;  ///< the same, oldest first; may hold stale times
    std::function<void()> idle_;
};

}  // namespace rbees::workerd
