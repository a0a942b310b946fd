#include "deadlines.hpp"

#include <algorithm>

#include "rbees/base/assert.hpp"

namespace rbees::net {

void Deadlines::watch(Deadline& deadline) {
    deadline.index_ = watched_.size();
    watched_.push_back(&deadline);
}

void Deadlines::forget(Deadline& deadline) {
    RBEES_ASSERT(deadline.index_ < watched_.size() && watched_[deadline.index_] == &deadline);
    watched_[deadline.index_] = watched_.back();
    watched_[deadline.index_]->index_ = deadline.index_;
    watched_.pop_back();
    if (!watched_.empty() || next_look_ == Instant::max()) return;
    timer_.cancel();
    next_look_ = Instant::max();
}

void Deadlines::set(Deadline& deadline, Duration span) {
    const auto now = BootClock::now();
    deadline.at_ = span < Instant::max() - now ? now + span : Instant::max();
    look_by(std::min(deadline.at_, now + step));
}

void Deadlines::look_by(Instant time) {
    if (time >= next_look_) return;
    next_look_ = time;
    timer_.expires_at(time);
    timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) self->look();
    });
}

void Deadlines::look() {
    const auto now = BootClock::now();
    auto nearest = Instant::max();
    next_look_ = Instant::max();
    for (auto i = watched_.size(); i-- > 0;) {
        if (i >= watched_.size()) continue;  // the call below may forget others
        auto& deadline = *watched_[i];
        if (deadline.at_ > now) {
            nearest = std::min(nearest, deadline.at_);
            continue;
        }
        deadline.at_ = Instant::max();
        deadline.on_deadline();
    }
    if (nearest != Instant::max()) look_by(std::min(nearest, now + step));
}

}  // namespace rbees::net
