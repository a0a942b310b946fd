#include "control/control.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "control/default_model.hpp"
#include "orcd_limits.hpp"

namespace rbees::orcd {

Control::Control(const Settings& settings, store::Journal& journal, std::unique_ptr<store::Reader> reader,
                 kernel::State recovered, const Logger& log)
    : journal_(journal),
      reader_(std::move(reader)),
      port_(journal, io_),
      archive_(*reader_),
      world_(io_),
      pools_(io_),
      worker_client_(io_),
      policy_(settings.policy),
      fleet_({world_, pools_, port_, log.module("fleet")}, policy_, std::move(recovered)),
      demand_(fleet_, policy_),
      jobs_(fleet_, demand_, policy_, {worker_client_, archive_, log.module("jobs")}),
      sessions_(fleet_, jobs_, policy_, log.module("sessions")),
      models_(fleet_, policy_.worker_stop_grace + limits::removal_margin) {
    policy_.default_model = [model = DefaultModel(settings)]() mutable { return model.now(); };
}

void Control::start(FleetControl::Publish publish) {
    fleet_.start(std::move(publish), [this] {
        demand_.look();
        jobs_.look();
        models_.look();
    });
    boost::asio::post(io_, [this] {
        jobs_.start();
        sessions_.start();
    });
}

void Control::stop() {
    boost::asio::post(io_, [this] {
        fleet_.stop();
        jobs_.stop();
        sessions_.stop();
        demand_.stop();
        models_.stop();
        io_.stop();
    });
}

}  // namespace rbees::orcd
