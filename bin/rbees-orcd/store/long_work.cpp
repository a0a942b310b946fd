#include "store/long_work.hpp"

#include <utility>

namespace rbees::orcd {

bool LongWork::start(Work work) {
    if (is_running_.exchange(true)) return false;
    if (thread_.joinable()) thread_.join();
    thread_ = std::thread([this, work = std::move(work), stop = stop_.get_token()]() mutable {
        const auto tell = work(stop);
        // What it held may refer to what is destroyed after the end.
        work = nullptr;
        is_running_ = false;
        tell();
    });
    return true;
}

void LongWork::end() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
}

}  // namespace rbees::orcd
