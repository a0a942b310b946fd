#pragma once
/// @file
/// The durable fleet: which nodes belong to us, which workers should exist and why others ended, which models were
/// added.
///
/// This is what survives a restart. How the nodes are at this moment (load, memory, who was heard last) is soft state
/// and lives in `Presence`. Commands are decided against the state, records are what changed; only `apply` changes it.
///
/// Pure: time and ids come in with each command. Not thread-safe; owned by the kernel's thread.

#include <expected>
#include <map>
#include <vector>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/orchestrator_core/fleet_types.hpp"

namespace rbees::orchestrator {

/// What a command leads to. Without records nothing changes, and the effects may run at once.
struct FleetDecision {
    std::vector<FleetRecord> records;
    std::vector<FleetEffect> effects;  ///< run once the records are on disk
};

/// A refusal is a Problem: its code tells the client how to react.
using FleetOutcome = std::expected<FleetDecision, contracts::Problem>;

class Fleet {
  public:
    /// What the command leads to, or why it is refused. Total: any command in any state.
    [[nodiscard]] FleetOutcome decide(const FleetCommand& command) const;

    /// Makes a record true: one that `decide` gave for this state. An ended worker stays readable until
    /// `forget_ended`.
    void apply(const FleetRecord& record);

    /// Drops what ended, after its rows were written.
    void forget_ended();

    /// What should be running: the effects of every worker that has not finished starting or stopping.
    [[nodiscard]] std::vector<FleetEffect> reconcile() const;

    [[nodiscard]] const std::map<NodeId, Node>& nodes() const { return nodes_; }
    [[nodiscard]] const std::map<WorkerId, Worker>& workers() const { return workers_; }
    [[nodiscard]] const std::map<ModelId, AddedModel>& models() const { return models_; }
    [[nodiscard]] const Node* find(const NodeId& id) const;
    [[nodiscard]] const Worker* find(const WorkerId& id) const;

    // Recovery: entities as their rows hold them.
    void restore(Node node);
    void restore(Worker worker);
    void restore(AddedModel model);

  private:
    [[nodiscard]] FleetOutcome decide_one(const AdmitNode& command) const;
    [[nodiscard]] FleetOutcome decide_one(const RemoveNode& command) const;
    [[nodiscard]] FleetOutcome decide_one(const DrainNode& command) const;
    [[nodiscard]] FleetOutcome decide_one(const CreateWorker& command) const;
    [[nodiscard]] FleetOutcome decide_one(const AdoptWorker& command) const;
    [[nodiscard]] FleetOutcome decide_one(const ConfirmWorker& command) const;
    [[nodiscard]] FleetOutcome decide_one(const RetireWorker& command) const;
    [[nodiscard]] FleetOutcome decide_one(const BuryWorker& command) const;
    [[nodiscard]] FleetOutcome decide_one(const AddModel& command) const;
    [[nodiscard]] FleetOutcome decide_one(const RemoveModel& command) const;

    std::map<NodeId, Node> nodes_;
    std::map<WorkerId, Worker> workers_;
    std::map<ModelId, AddedModel> models_;
};

}  // namespace rbees::orchestrator
