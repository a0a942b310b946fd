#pragma once
/// @file
/// Sees to it that a worker does not outlive its engine's loop. Without the loop nothing is ever answered, while the
/// process still looks healthy; a dead process, its pool manager notices at once.

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"

namespace rbees::engine {

/// Runs the loop on the calling thread. When it ends although `stopped` is not set, by returning or by an exception,
/// logs why and aborts the process.
void run_until_stopped(const std::function<void()>& loop, const std::atomic<bool>& stopped, const Logger& log) noexcept;

/// Asks the loop now and then whether it still answers, on a thread of its own, and aborts the process when it has not
/// for long: some grammars keep llama.cpp busy for ever. A slow step is no reason, because the loop answers meanwhile.
class LoopWatch {
  public:
    /// Blocks for an answer; false if none comes in good time.
    using Ask = std::function<bool()>;

    /// With the defaults, two minutes.
    struct Patience {
        Duration pause = std::chrono::seconds(10);  ///< between two questions
        int misses_max = 6;                         ///< in a row
    };

    LoopWatch(Ask ask, Patience patience, Logger log);

  private:
    void watch(std::stop_token stop);

    Ask ask_;
    Patience patience_;
    Logger log_;
    std::jthread thread_;  ///< last: it uses the others
};

}  // namespace rbees::engine
