#pragma once
/// @file
/// One timer of the control thread, with its heavy header out of sight.

#include <functional>
#include <memory>

#include "rbees/base/time.hpp"
#include "rbees/net/task.hpp"

namespace rbees::orcd {

/// Rings once, on its loop. Setting it again replaces what was set; one that was replaced, cancelled or destroyed does
/// not ring.
class Alarm {
  public:
    explicit Alarm(net::IoContext& io);
    ~Alarm();
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

    void set(Instant at, std::function<void()> ring);
    void cancel();

  private:
    struct Timer;
    std::shared_ptr<Timer> timer_;
};

}  // namespace rbees::orcd
