#include "control/asio_world.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <cstdint>
#include <utility>

namespace rbees::orcd {
namespace {

class AsioTimer : public control::Timer {
  public:
    explicit AsioTimer(net::IoContext& io) : state_(std::make_shared<State>(io)) {}
    ~AsioTimer() override { AsioTimer::cancel(); }
    AsioTimer(const AsioTimer&) = delete;
    AsioTimer& operator=(const AsioTimer&) = delete;

    void set(Instant at, std::function<void()> ring) override {
        const auto setting = ++state_->setting;
        state_->timer.expires_at(at);
        state_->timer.async_wait(
            [state = state_, setting, ring = std::move(ring)](const boost::system::error_code& error) {
                if (!error && state->setting == setting) ring();
            });
    }

    void cancel() override {
        ++state_->setting;
        state_->timer.cancel();
    }

  private:
    struct State {
        explicit State(net::IoContext& io) : timer(io) {}
        boost::asio::basic_waitable_timer<BootClock> timer;
        std::uint64_t setting = 0;  ///< tells a ring that was on its way from the one that replaced it
    };

    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<control::Timer> AsioWorld::timer() {
    return std::make_unique<AsioTimer>(io_);
}

void AsioWorld::post(std::function<void()> task) {
    boost::asio::post(io_, std::move(task));
}

}  // namespace rbees::orcd
