#pragma once
/// @file
/// What the control asks of the world around it: time, timers, ids, and a turn of its own loop.
///
/// A port. In rbees-orcd an event loop and the system's clocks stand behind it; in tests and in the simulator time
/// is a number that somebody sets, so that hours pass in a moment and every run can be repeated.

#include <functional>
#include <memory>
#include <string>

#include "rbees/base/time.hpp"

namespace rbees::control {

/// Rings once. Setting it again replaces what was set; one that was replaced, cancelled or destroyed does not ring.
/// Used on the control thread, where it rings.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() = default;

    virtual void set(Instant at, std::function<void()> ring) = 0;
    virtual void cancel() = 0;
};

class World {
  public:
    World() = default;
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    virtual ~World() = default;

    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual WallTime wall_now() const = 0;

    /// A new id, never given before: a UUID.
    [[nodiscard]] virtual std::string new_uuid() = 0;

    /// 32 hexadecimal digits that nobody can guess: for digests, and to draw seeds from.
    [[nodiscard]] virtual std::string new_salt() = 0;

    [[nodiscard]] virtual std::unique_ptr<Timer> timer() = 0;

    /// Runs the task on the control thread, later. The only call that other threads may make.
    virtual void post(std::function<void()> task) = 0;
};

}  // namespace rbees::control
