#pragma once
/// @file
/// Requests that wait: for a slot of a worker, or for their model to be loaded. The one queue of the house.
///
/// On the control thread. A request joins, and is answered exactly once: with a ticket, or with the problem that says
/// why not. A model that nobody has loaded is ordered here, once for however many wait for it.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "rbees/control/fleet_control.hpp"
#include "rbees/orchestrator_core/fleet_view.hpp"
#include "rbees/orchestrator_core/queue_pace.hpp"
#include "rbees/orchestrator_core/wait_queue.hpp"

namespace rbees::control {

using SlotAnswer = Checked<orchestrator::Ticket>;
using SlotReply = std::function<void(SlotAnswer answer)>;

class Demand {
  public:
    /// Both must outlive the object.
    Demand(FleetControl& fleet, const Policy& policy);

    /// Joins the queue, as a request of that token. QUEUE_FULL if it is.
    void wait_for_slot(orchestrator::WaitId id, const ModelId& model, const TokenId& owner, SlotReply reply);

    /// Joins the queue as it is, full or not, and waits as long as its own deadline allows: a durable job, which was
    /// accepted before.
    void wait_admitted(orchestrator::Wait wait, SlotReply reply);

    /// For a request whose model no node is known to have, as long as nodes that may have it are still to come: answers
    /// when the picture is complete. POOL_UNAVAILABLE if no node came, QUEUE_FULL.
    void wait_for_nodes(orchestrator::WaitId id, DoneReply reply);

    /// The client left; the reply comes with CANCELLED.
    void leave(orchestrator::WaitId id);

    /// Something changed: hands out what can be had, orders what is missing, refuses what is hopeless.
    void look();

    void stop();

    /// How many are served before one that would join now, at most.
    [[nodiscard]] std::size_t before(const ModelId& model, contracts::Priority priority) const {
        return queue_.before(model, priority);
    }
    /// How many are served before one that waits, at most.
    [[nodiscard]] std::size_t before(orchestrator::WaitId id) const { return queue_.before(id); }

    /// How long one would wait that joins behind so many, by the pace at which the model's queue moved until now;
    /// nothing where that is not known.
    [[nodiscard]] std::optional<Duration> predicted_wait(const ModelId& model, std::size_t before) const;

    /// The batch one that has waited longest.
    [[nodiscard]] std::optional<orchestrator::WaitId> oldest_batch() const { return queue_.oldest_batch(); }

    [[nodiscard]] std::size_t waiting() const { return queue_.size() + arrivals_.size(); }

    /// How many of these count as batch.
    [[nodiscard]] std::size_t waiting_batch() const { return queue_.batch_size(); }

    /// What a ticket calls when its slot came free that somebody waits for. It may be called on any thread.
    [[nodiscard]] std::function<void()> freed();

  private:
    void look_at(const ModelId& model);
    void look_at_arrivals();
    [[nodiscard]] contracts::Problem queue_full() const;
    [[nodiscard]] bool hand_out(const ModelId& model);
    void set_waiting(const ModelId& model, bool waiting);
    void order(const ModelId& model);
    void refuse_all(const ModelId& model, const contracts::Problem& problem);
    void answer(orchestrator::WaitId id, SlotAnswer slot);
    void expire();
    void watch_deadlines();
    [[nodiscard]] contracts::Problem too_late(const ModelId& model) const;
    void rest_if_empty(const ModelId& model);
    void note_served(const ModelId& model);
    [[nodiscard]] bool is_loaded(const ModelId& model) const;
    [[nodiscard]] bool is_coming(const ModelId& model) const;
    [[nodiscard]] bool is_expected(const ModelId& model) const;
    [[nodiscard]] orchestrator::Wait wait_of(orchestrator::WaitId id, const ModelId& model, const TokenId& owner) const;
    [[nodiscard]] Instant deadline_for(const ModelId& model) const;

    /// A request that waits for nodes.
    struct Arrival {
        Instant deadline{};
        DoneReply reply;
    };

    World& world_;
    FleetControl& fleet_;
    const Policy& policy_;
    orchestrator::WaitQueue queue_;
    std::map<ModelId, orchestrator::QueuePace> paces_;  ///< of models that were waited for
    std::map<orchestrator::WaitId, SlotReply> replies_;
    std::map<orchestrator::WaitId, Arrival> arrivals_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace rbees::control
