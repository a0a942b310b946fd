#include "readers.hpp"

#include <utility>

namespace rbees::workerd {

Readers::~Readers() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

Admission Readers::start(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (busy_ == threads_max_) return Admission::full;
        ++busy_;
        jobs_.push_back(std::move(job));
        if (threads_.size() < busy_) threads_.emplace_back([this] { work(); });
    }
    changed_.notify_one();
    return Admission::started;
}

void Readers::work() noexcept {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (jobs_.empty()) return;
        auto job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        job = nullptr;
        lock.lock();
        --busy_;
    }
}

}  // namespace rbees::workerd
