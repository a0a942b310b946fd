#pragma once
/// @file
/// The data plane of one I/O thread: a request of an OpenAI client becomes a request of a worker, and the answer goes
/// back as it comes.
///
/// Reads the published picture only. A worker's failure is repaired by another one, invisibly: before the first byte
/// has gone to the client by asking anew, after it by going on behind the tokens that passed (trail.hpp). Where that is
/// impossible the stream ends with an error event and without `[DONE]`.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "control/control.hpp"
#include "rbees/http_api/metrics.hpp"
#include "rbees/http_api/router.hpp"
#include "rbees/net/client.hpp"
#include "rbees/orchestrator_core/fleet_view.hpp"

namespace rbees::orcd {

/// The picture as this thread has it. Replaced by the control thread through this thread's loop.
struct ViewHolder {
    std::shared_ptr<const orchestrator::FleetView> view = std::make_shared<orchestrator::FleetView>();
};

class Gateway {
  public:
    /// `thread` tells the gateways of the I/O threads apart. All references must outlive it.
    Gateway(net::IoContext& io, Control& control, const ViewHolder& holder, http_api::Metrics& metrics,
            std::uint16_t thread);

    /// Answers a call with a model of that kind.
    [[nodiscard]] net::Task<void> serve(http_api::Call& call, contracts::ModelKind needed);

  private:
    struct Journey;
    enum class Outcome : std::uint8_t { answered, try_another };

    [[nodiscard]] net::Task<Checked<ModelId>> find_model(Journey& journey, std::string named,
                                                         contracts::ModelKind needed);
    [[nodiscard]] net::Task<SlotAnswer> obtain_slot(Journey& journey);
    [[nodiscard]] net::Task<Outcome> dispatch(Journey& journey, orchestrator::Ticket ticket);
    [[nodiscard]] net::Task<Outcome> relay_whole(Journey& journey, net::ClientStream& stream);
    [[nodiscard]] net::Task<Outcome> relay_events(Journey& journey, net::ClientStream& stream);
    [[nodiscard]] net::Task<bool> start_events(Journey& journey, int status);
    [[nodiscard]] net::Task<Outcome> broke_off(Journey& journey);
    [[nodiscard]] net::Task<Outcome> refuse(Journey& journey, contracts::Problem problem);
    [[nodiscard]] net::ClientRequest worker_request(Journey& journey, const orchestrator::Ticket& ticket) const;
    [[nodiscard]] Outcome failed_over(Journey& journey);
    void client_left(Journey& journey);
    [[nodiscard]] net::Task<void> cancel_at(orchestrator::RoutableWorker worker, std::string task);
    [[nodiscard]] std::function<void()> slot_freed();

    net::IoContext& io_;
    Control& control_;
    const ViewHolder& holder_;
    net::Client client_;
    http_api::Counter failovers_;
    http_api::Counter continuations_;
    http_api::Counter cancels_;
    http_api::Histogram queue_wait_;
    std::uint64_t next_wait_;
};

}  // namespace rbees::orcd
