#include "loop_guard.hpp"

#include <cstdlib>
#include <exception>
#include <string>

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

}  // namespace rbees::engine
