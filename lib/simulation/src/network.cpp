#include "network.hpp"

#include <chrono>

#include "pipe.hpp"

namespace rbees::simulation {
namespace {

/// The longest pause before something is sent again that the network lost while it was cut.
constexpr Duration latest = std::chrono::seconds(20);

}  // namespace

void Network::heal(Host from, Host to) {
    if (cuts_.erase({from, to}) == 0) return;
    for (auto& deliver : late_[{from, to}]) {
        agenda_.after(random_.between(Duration{}, latest), std::move(deliver));
    }
    late_.erase({from, to});
    for (const auto& pipe : std::exchange(stuck_, {})) {
        if (const auto alive = pipe.lock()) alive->flush();
    }
}

void Network::heal_all() {
    const auto cuts = cuts_;
    for (const auto& [from, to] : cuts) {
        heal(from, to);
    }
}

std::shared_ptr<Pipe> Network::pipe(Process& from, Process& to, std::function<void()> closed) {
    auto made = std::make_shared<Pipe>(*this, from, to, std::move(closed));
    from.when_dead([weak = std::weak_ptr(made)] {
        if (const auto pipe = weak.lock()) pipe->break_off();
    });
    to.when_dead([weak = std::weak_ptr(made)] {
        if (const auto pipe = weak.lock()) pipe->leave();
    });
    return made;
}

bool Pipe::is_open() const {
    return !is_closed_ && !is_left_ && from_life_ == from_.life() && to_life_ == to_.life();
}

void Pipe::send(Task deliver) {
    if (!is_open()) return;
    waiting_.push_back(std::move(deliver));
    flush();
}

/// What waits goes out, in its order, as soon as the network lets it.
void Pipe::flush() {
    if (waiting_.empty()) return;
    if (network_.is_cut(from_.host(), to_.host())) {
        if (network_.stuck_.empty() || network_.stuck_.back().lock().get() != this) {
            network_.stuck_.push_back(weak_from_this());
        }
        return;
    }
    for (auto& task : std::exchange(waiting_, {})) {
        last_arrival_ = std::max(last_arrival_, network_.agenda_.now() + network_.delay());
        to_.at(last_arrival_, [self = shared_from_this(), task = std::move(task)]() mutable {
            if (!self->is_left_ && self->to_life_ == self->to_.life()) task();
        });
    }
}

void Pipe::close() {
    if (!is_open()) return;
    send([this] {
        if (closed_) closed_();
    });
    is_closed_ = true;
}

/// The sender died: the receiver hears of it as soon as the network lets it.
void Pipe::break_off() {
    if (is_closed_ || is_left_) return;
    is_closed_ = true;
    waiting_.emplace_back([this] {
        if (closed_) closed_();
    });
    flush();
}

void Pipe::leave() {
    if (std::exchange(is_left_, true)) return;
    waiting_.clear();
    network_.agenda_.after(network_.delay(), [self = shared_from_this()] { self->tell_left(); });
}

void Pipe::tell_left() {
    if (!left_ || from_life_ != from_.life()) return;
    from_.at(network_.agenda_.now(), [self = shared_from_this()] {
        if (const auto left = std::exchange(self->left_, {})) left();
    });
}

void Pipe::when_left(std::function<void()> left) {
    left_ = std::move(left);
    if (is_left_) tell_left();
}

}  // namespace rbees::simulation
