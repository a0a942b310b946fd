#pragma once
/// @file
/// Time as a number: a world for tests, whose hours pass when the test says so.

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "rbees/control/world.hpp"

namespace rbees::control {

class VirtualWorld : public World {
  public:
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] WallTime wall_now() const override {
        return WallTime{} + wall_ahead_ + std::chrono::duration_cast<WallTime::duration>(now_ - Instant{});
    }
    [[nodiscard]] std::string new_uuid() override { return "id-" + std::to_string(++ids_); }
    [[nodiscard]] std::string new_salt() override {
        const auto number = std::to_string(++ids_);
        return std::string(32 - number.size(), '0') + number;
    }
    [[nodiscard]] std::unique_ptr<Timer> timer() override { return std::make_unique<VirtualTimer>(*this); }
    void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }

    /// Runs what was posted; else goes to the moment of the next timer and rings it. False if there is neither.
    bool step() {
        if (!tasks_.empty()) {
            const auto task = std::move(tasks_.front());
            tasks_.pop_front();
            task();
            return true;
        }
        if (timers_.empty()) return false;
        const auto next = timers_.begin();
        now_ = std::max(now_, next->first.first);
        const auto ring = std::move(next->second);
        timers_.erase(next);
        ring();
        return true;
    }

    /// Runs what was posted, and what that posts; no time passes.
    void settle() {
        while (!tasks_.empty()) {
            step();
        }
    }

    /// Somebody sets the clock on the wall; no time passes.
    void set_wall_clock(Duration forward) { wall_ahead_ += std::chrono::duration_cast<WallTime::duration>(forward); }

    /// Lets so much time pass.
    void pass(Duration time) {
        const auto end = now_ + time;
        settle();
        while (!timers_.empty() && timers_.begin()->first.first <= end) {
            step();
            settle();
        }
        now_ = end;
    }

  private:
    using Key = std::pair<Instant, std::uint64_t>;

    class VirtualTimer : public Timer {
      public:
        explicit VirtualTimer(VirtualWorld& world) : world_(world), number_(++world.timer_count_) {}
        ~VirtualTimer() override { VirtualTimer::cancel(); }
        VirtualTimer(const VirtualTimer&) = delete;
        VirtualTimer& operator=(const VirtualTimer&) = delete;

        void set(Instant at, std::function<void()> ring) override {
            VirtualTimer::cancel();
            set_for_ = at;
            world_.timers_[{at, number_}] = std::move(ring);
        }
        void cancel() override { world_.timers_.erase({set_for_, number_}); }

      private:
        VirtualWorld& world_;
        std::uint64_t number_;
        Instant set_for_{};
    };

    Instant now_{std::chrono::hours(1)};
    WallTime::duration wall_ahead_{};
    std::uint64_t ids_ = 0;
    std::uint64_t timer_count_ = 0;
    std::deque<std::function<void()>> tasks_;
    std::map<Key, std::function<void()>> timers_;
};

}  // namespace rbees::control
