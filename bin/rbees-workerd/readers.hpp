#pragma once
/// @file
/// The threads that read answers out of the engine, one for each answer: the engine's calls block.

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rbees::workerd {

enum class Admission : std::uint8_t {
    started,
    full,  ///< every thread has an answer
};

/// A bounded set of threads; each is made when it is first needed and stays. `start` is for one thread, the loop's.
class Readers {
  public:
    using Job = std::move_only_function<void()>;

    explicit Readers(std::size_t threads_max) : threads_max_(threads_max) {}
    ~Readers();
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;

    /// Runs the job on a thread of its own. A job that throws ends the process: the engine is in a state nobody knows.
    [[nodiscard]] Admission start(Job job);

  private:
    void work() noexcept;

    const std::size_t threads_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Job> jobs_;  ///< given to a thread, not picked up yet
    std::size_t busy_ = 0;  ///< jobs picked up or waiting to be
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace rbees::workerd
