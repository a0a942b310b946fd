#include "queue.hpp"

#include "rbees/store/limits.hpp"

namespace rbees::store {

std::expected<void, AppendError> Queue::admits() const {
    const std::scoped_lock lock(mutex_);
    return admits_locked();
}

std::expected<void, AppendError> Queue::push(Pending pending) {
    {
        const std::scoped_lock lock(mutex_);
        if (auto admitted = admits_locked(); !admitted) return admitted;
        bytes_ += pending.size;
        batches_.push_back(std::move(pending));
    }
    arrived_.notify_one();
    return {};
}

std::optional<std::vector<Pending>> Queue::take_group(Duration patience) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, patience, [this] { return closed_ || !batches_.empty(); });
    if (batches_.empty() && closed_) return std::nullopt;
    std::vector<Pending> group;
    Bytes bytes;
    while (!batches_.empty() && group.size() < limits::transaction_batches_max) {
        bytes += batches_.front().size;
        if (!group.empty() && bytes > limits::transaction_bytes_max) break;
        bytes_.value -= batches_.front().size.value;
        group.push_back(std::move(batches_.front()));
        batches_.pop_front();
    }
    return group;
}

void Queue::close(AppendError reason) {
    {
        const std::scoped_lock lock(mutex_);
        if (!closed_) closed_ = reason;
    }
    arrived_.notify_one();
}

std::size_t Queue::size() const {
    const std::scoped_lock lock(mutex_);
    return batches_.size();
}

std::expected<void, AppendError> Queue::admits_locked() const {
    if (closed_) return std::unexpected(*closed_);
    if (batches_.size() >= limits::queued_batches_max) return std::unexpected(AppendError::queue_full);
    if (bytes_ >= limits::queued_bytes_max) return std::unexpected(AppendError::queue_full);
    return {};
}

}  // namespace rbees::store
