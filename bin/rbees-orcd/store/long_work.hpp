#pragma once
/// @file
/// A thread for reading all of the journal: a check, a backup. Either may take minutes, so neither may hold up a thread
/// that serves, and one at a time is enough for a disk.

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

namespace rbees::orcd {

/// `start` is called on one thread. What the work refers to must outlive the object.
class LongWork {
  public:
    /// Tells whoever waits what came of the work.
    using Telling = std::function<void()>;
    using Work = std::function<Telling(const std::stop_token& stop)>;

    LongWork() = default;
    ~LongWork() { end(); }
    LongWork(const LongWork&) = delete;
    LongWork& operator=(const LongWork&) = delete;

    /// Runs the work on the thread. False, and nothing happens, while other work runs. What it returns is called, on
    /// the thread too, when more can be started: whoever is told may come with the next one at once.
    [[nodiscard]] bool start(Work work);

    /// Asks what runs, and all that is started later, to stop soon. Thread-safe.
    void ask_to_stop() { stop_.request_stop(); }

    /// Asks, and waits for the end.
    void end();

  private:
    std::stop_source stop_;
    std::atomic<bool> is_running_ = false;
    std::thread thread_;
};

}  // namespace rbees::orcd
