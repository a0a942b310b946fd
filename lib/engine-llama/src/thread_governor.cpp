#include "thread_governor.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "tuning.hpp"

namespace rbees::engine {
namespace {

constexpr std::chrono::seconds interval{2};

}  // namespace

std::uint32_t ThreadChoice::next(double free_cores) {
    const auto chosen = choose_threads(free_cores);
    if (chosen <= now_) {
        seen_ = 0;
        return now_ = chosen;
    }
    seen_ = seen_ > 0 ? seen_ + 1 : 1;
    higher_ = seen_ == 1 ? chosen : std::min(higher_, chosen);
    if (seen_ < seen_before_rise) return now_;
    seen_ = 0;
    return now_ = higher_;
}

void ThreadGovernor::attach(llama_context* context) {
    context_ = context;
    llama_set_abort_callback(context, between_nodes, this);
}

void ThreadGovernor::start() {
    thread_ = std::jthread([this](std::stop_token stop) { measure(stop); });
}

void ThreadGovernor::note(double free_cores) {
    const auto threads = choice_.next(free_cores);
    if (threads == wanted_.exchange(threads)) return;
    log_.info("decode threads follow the free cores", {{"threads", threads}});
}

bool ThreadGovernor::between_nodes(void* self) {
    auto& governor = *static_cast<ThreadGovernor*>(self);
    const auto wanted = governor.wanted_.load(std::memory_order_relaxed);
    if (wanted != governor.set_) {
        governor.set_ = wanted;
        const auto threads = static_cast<std::int32_t>(wanted);
        llama_set_n_threads(governor.context_, threads, threads);
    }
    constexpr bool abort = false;
    return abort;
}

void ThreadGovernor::measure(std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    auto before = sample_cpu();
    for (;;) {
        std::unique_lock lock(mutex);
        never.wait_for(lock, stop, interval, [] { return false; });
        if (stop.stop_requested()) return;
        const auto after = sample_cpu();
        note(free_cores(before, after, allowed_cores()));
        before = after;
    }
}

}  // namespace rbees::engine
