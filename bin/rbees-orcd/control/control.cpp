#include "control/control.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

namespace rbees::orcd {
namespace {

/// Beyond what a worker may take to stop: what its death takes to be known here.
constexpr Duration removal_margin = std::chrono::seconds(15);

}  // namespace

Control::Control(const Settings& settings, store::Journal& journal, std::unique_ptr<store::Reader> reader,
                 kernel::State recovered, const Logger& log)
    : journal_(journal),
      reader_(std::move(reader)),
      port_(journal, io_),
      fleet_(io_, settings, std::move(recovered), port_, log.module("fleet")),
      demand_(io_, fleet_, settings),
      models_(io_, fleet_, settings.worker_stop_grace + removal_margin) {}

void Control::start(FleetControl::Publish publish) {
    fleet_.start(std::move(publish), [this] {
        demand_.look();
        models_.look();
    });
}

void Control::stop() {
    boost::asio::post(io_, [this] {
        fleet_.stop();
        demand_.stop();
        models_.stop();
        io_.stop();
    });
}

}  // namespace rbees::orcd
