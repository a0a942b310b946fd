#include "wait.hpp"

#include <poll.h>

namespace rbees::bdd {
namespace {

constexpr int pause_ms = 50;

}  // namespace

bool wait_until(Duration limit, const std::function<bool()>& question) {
    const auto deadline = BootClock::now() + limit;
    while (true) {
        const bool too_late = BootClock::now() >= deadline;
        if (question()) return true;
        if (too_late) return false;
        poll(nullptr, 0, pause_ms);
    }
}

}  // namespace rbees::bdd
