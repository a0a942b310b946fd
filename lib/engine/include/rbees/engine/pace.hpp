#pragma once
/// @file
/// The simulated engine's time. Real in a worker; virtual in tests, so that no test waits for a clock.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>

#include "rbees/base/time.hpp"

namespace rbees::engine {

/// Port. Thread-safe.
class Pace {
  public:
    Pace() = default;
    Pace(const Pace&) = delete;
    Pace& operator=(const Pace&) = delete;
    virtual ~Pace() = default;

    [[nodiscard]] virtual Instant now() const = 0;

    /// Blocks until `when`, or until the token is stopped, whichever is first.
    virtual void wait_until(Instant when, std::stop_token stop) = 0;
};

/// The machine's clock. One may serve any number of engines.
class RealPace final : public Pace {
  public:
    [[nodiscard]] Instant now() const override;
    void wait_until(Instant when, std::stop_token stop) override;

  private:
    std::mutex mutex_;
    std::condition_variable_any nobody_notifies_;
};

/// Stands still until it is told to go. Waits of the past return at once.
class VirtualPace final : public Pace {
  public:
    [[nodiscard]] Instant now() const override;
    void wait_until(Instant when, std::stop_token stop) override;

    /// Moves the clock; waits that end by then return.
    void advance(Duration by);

    /// From now on every wait moves the clock to its end and returns.
    void run_free();

    /// Blocks until `count` threads wait for the future; false if they do not within 10 s of real time.
    [[nodiscard]] bool await_waiters(std::size_t count);

  private:
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    Instant now_{};
    bool free_ = false;
    std::size_t waiters_ = 0;
};

}  // namespace rbees::engine
