#include "control/alarm.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <cstdint>
#include <utility>

namespace rbees::orcd {

struct Alarm::Timer {
    explicit Timer(net::IoContext& io) : timer(io) {}
    boost::asio::basic_waitable_timer<BootClock> timer;
    std::uint64_t setting = 0;  ///< tells a ring that was on its way from the one that replaced it
};

Alarm::Alarm(net::IoContext& io) : timer_(std::make_shared<Timer>(io)) {}

Alarm::~Alarm() {
    cancel();
}

void Alarm::set(Instant at, std::function<void()> ring) {
    const auto setting = ++timer_->setting;
    timer_->timer.expires_at(at);
    timer_->timer.async_wait([timer = timer_, setting, ring = std::move(ring)](const boost::system::error_code& error) {
        if (!error && timer->setting == setting) ring();
    });
}

void Alarm::cancel() {
    ++timer_->setting;
    timer_->timer.cancel();
}

}  // namespace rbees::orcd
