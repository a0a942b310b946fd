#pragma once
/// @file
/// The control's world in this process: the system's clocks, and the control thread's event loop.

#include <memory>
#include <string>

#include "rbees/base/hash.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/base/random.hpp"
#include "rbees/control/world.hpp"
#include "rbees/net/task.hpp"

namespace rbees::orcd {

/// `io` must outlive it.
class AsioWorld : public control::World {
  public:
    explicit AsioWorld(net::IoContext& io) : io_(io) {}

    [[nodiscard]] Instant now() const override { return BootClock::now(); }
    [[nodiscard]] WallTime wall_now() const override { return rbees::wall_now(); }
    [[nodiscard]] std::string new_uuid() override { return rbees::new_uuid(); }
    [[nodiscard]] std::string new_salt() override { return to_hex(random_bytes(16)); }
    [[nodiscard]] std::unique_ptr<control::Timer> timer() override;
    void post(std::function<void()> task) override;

  private:
    net::IoContext& io_;
};

}  // namespace rbees::orcd
