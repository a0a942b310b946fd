#include "loop_guard.hpp"

#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

namespace rbees::engine {

void run_until_stopped(const std::function<void()>& loop, const std::atomic<bool>& stopped,
                       const Logger& log) noexcept {
    std::string why = "it returned";
    try {
        loop();
    } catch (const std::exception& error) {
        why = error.what();
    }
    if (stopped) return;
    log.error("the engine's loop ended by itself, so this process can answer nothing and aborts", {{"why", why}});
    std::abort();
}

LoopWatch::LoopWatch(Ask ask, Patience patience, Logger log)
    : ask_(std::move(ask)),
      patience_(patience),
      log_(std::move(log)),
      thread_([this](std::stop_token stop) { watch(std::move(stop)); }) {}

void LoopWatch::watch(std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    for (int misses = 0; misses < patience_.misses_max;) {
        never.wait_for(lock, stop, patience_.pause, [] { return false; });
        if (stop.stop_requested()) return;
        misses = ask_() ? 0 : misses + 1;
    }
    if (stop.stop_requested()) return;
    log_.error("the engine's loop does not answer any more, so this process aborts",
               {{"misses", patience_.misses_max}});
    std::abort();
}

}  // namespace rbees::engine
