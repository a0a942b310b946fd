#pragma once
/// @file
/// What an I/O thread knows of the fleet: an immutable picture, published by the control thread after each change.
///
/// Only the slot counters in it live on; every other member is a copy. A reader keeps the picture it started with.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/orchestrator_core/access.hpp"
#include "rbees/orchestrator_core/slots.hpp"

namespace rbees::orchestrator {

/// A worker that can be sent requests.
struct RoutableWorker {
    WorkerId id;
    ModelId model;
    NodeId node;
    std::string url;
    std::string secret;  ///< of the worker's routes; never shown
    contracts::ModelKind kind = contracts::ModelKind::chat;
    Tokens context;
    std::shared_ptr<SlotCounter> slots;
};

/// A model that requests may name.
struct UsableModel {
    ModelId id;
    contracts::ModelKind kind = contracts::ModelKind::chat;
    WallTime since{};
};

struct FleetView {
    std::vector<RoutableWorker> workers;  ///< ready ones on nodes that are not lost
    std::vector<UsableModel> models;      ///< on disk or loaded; the default first, then by id
    ModelId default_model;                ///< empty if there is none
    std::set<ModelId> catalogue;          ///< known, but not on disk
    std::uint32_t nodes = 0;              ///< connected
    bool is_complete = false;  ///< every node that we know came, or had its time to: what is missing is not there
    AccessView access;

    [[nodiscard]] const UsableModel* find_model(std::string_view id) const;
};

/// A slot taken at a worker. Gives it back when destroyed; `freed` is called then if somebody waits for it.
class Ticket {
  public:
    Ticket(RoutableWorker worker, Epoch epoch, std::function<void()> freed)
        : worker_(std::move(worker)), epoch_(epoch), freed_(std::move(freed)) {}
    ~Ticket() { give_back(); }
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&& other) noexcept;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    [[nodiscard]] const RoutableWorker& worker() const { return worker_; }
    [[nodiscard]] Epoch epoch() const { return epoch_; }

  private:
    void give_back();

    RoutableWorker worker_;  ///< its `slots` is empty once given back or moved from
    Epoch epoch_{};
    std::function<void()> freed_;
};

/// Takes a slot for the model: among its workers that are not in `avoid`, the one with most free slots. Nothing if none
/// is free for this claim. The ticket calls `freed` when its slot comes free while somebody waits.
[[nodiscard]] std::optional<Ticket> take_slot(const FleetView& view, const ModelId& model,
                                              const std::set<WorkerId>& avoid, Claim claim,
                                              const std::function<void()>& freed);

/// Counts a request that the worker has already (SlotCounter::take_over). Nothing if the worker is retired.
[[nodiscard]] std::optional<Ticket> take_over_slot(const RoutableWorker& worker, std::function<void()> freed);

}  // namespace rbees::orchestrator
