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
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::orchestrator {

/// A machine that registered. An entity: its JSON form is its row in the store.
struct Node {
    NodeId id;
    contracts::NodeKind kind = contracts::NodeKind::pool;
    std::string name;
    std::string url;
    std::string version;
    bool draining = false;
    WallTime registered_at{};

    bool operator==(const Node&) const = default;
};
BOOST_DESCRIBE_STRUCT(Node, (), (id, kind, name, url, version, draining, registered_at))

/// A worker from the decision to start it until its end. An entity.
struct Worker {
    WorkerId id;
    NodeId node;
    ModelId model;
    contracts::WorkerState state = contracts::WorkerState::starting;
    std::optional<std::uint32_t> slots;  ///< as ordered while it starts, as found once it is ready
    std::optional<Tokens> context;       ///< likewise
    std::optional<contracts::ModelKind> kind;
    std::optional<std::string> url;
    std::optional<std::string> model_hash;
    std::optional<std::string> reason;               ///< why it drains or ended
    std::optional<contracts::ErrorCode> error_code;  ///< of a failure
    WallTime created_at{};

    bool operator==(const Worker&) const = default;
};
BOOST_DESCRIBE_STRUCT(Worker, (),
                      (id, node, model, state, slots, context, kind, url, model_hash, reason, error_code, created_at))

/// A model that a user added to the catalogue. An entity.
struct AddedModel {
    ModelId id;
    contracts::AddModel model;
    WallTime created_at{};
};
BOOST_DESCRIBE_STRUCT(AddedModel, (), (id, model, created_at))

/// The facts of a worker that finished loading.
struct ReadyFacts {
    std::string url;
    std::uint32_t slots = 1;
    Tokens context;
    contracts::ModelKind kind = contracts::ModelKind::chat;
    std::string model_hash;
};
BOOST_DESCRIBE_STRUCT(ReadyFacts, (), (url, slots, context, kind, model_hash))

// Commands: what someone wants, or what was seen.

struct AdmitNode {
    Node node;
};
struct RemoveNode {
    NodeId node;
};
struct DrainNode {
    NodeId node;
};
struct CreateWorker {
    Worker worker;
};  ///< state `starting`
struct AdoptWorker {
    Worker worker;
};  ///< a node has it and we do not know it: orcd lost or changed its home
struct ConfirmWorker {
    WorkerId worker;
    ReadyFacts facts;
};
struct RetireWorker {
    WorkerId worker;
    std::string reason;
};  ///< finish its work, then stop it
struct BuryWorker {
    WorkerId worker;
    contracts::WorkerState outcome = contracts::WorkerState::stopped;  ///< `stopped` or `failed`
    std::string reason;
    std::optional<contracts::ErrorCode> error_code;
};
struct AddModel {
    AddedModel model;
};
struct RemoveModel {
    ModelId model;
};

using FleetCommand = std::variant<AdmitNode, RemoveNode, DrainNode, CreateWorker, AdoptWorker, ConfirmWorker,
                                  RetireWorker, BuryWorker, AddModel, RemoveModel>;

// Records: what became true.

struct NodeRegistered {
    Node node;
};
struct NodeRemoved {
    NodeId node;
};
struct NodeDraining {
    NodeId node;
};
struct WorkerCreated {
    Worker worker;
};
struct WorkerReady {
    WorkerId worker;
    ReadyFacts facts;
};
struct WorkerDraining {
    WorkerId worker;
    std::string reason;
};
struct WorkerEnded {
    WorkerId worker;
    contracts::WorkerState outcome = contracts::WorkerState::stopped;
    std::string reason;
    std::optional<contracts::ErrorCode> error_code;
};
struct ModelAdded {
    AddedModel model;
};
struct ModelRemoved {
    ModelId model;
};
BOOST_DESCRIBE_STRUCT(NodeRegistered, (), (node))
BOOST_DESCRIBE_STRUCT(NodeRemoved, (), (node))
BOOST_DESCRIBE_STRUCT(NodeDraining, (), (node))
BOOST_DESCRIBE_STRUCT(WorkerCreated, (), (worker))
BOOST_DESCRIBE_STRUCT(WorkerReady, (), (worker, facts))
BOOST_DESCRIBE_STRUCT(WorkerDraining, (), (worker, reason))
BOOST_DESCRIBE_STRUCT(WorkerEnded, (), (worker, outcome, reason, error_code))
BOOST_DESCRIBE_STRUCT(ModelAdded, (), (model))
BOOST_DESCRIBE_STRUCT(ModelRemoved, (), (model))

using FleetRecord = std::variant<NodeRegistered, NodeRemoved, NodeDraining, WorkerCreated, WorkerReady, WorkerDraining,
                                 WorkerEnded, ModelAdded, ModelRemoved>;

// Effects: what the shell does once the records are on disk. Named by the worker, so a repeated one is recognised.

struct SpawnEffect {
    WorkerId worker;
};
struct StopEffect {
    WorkerId worker;
    NodeId node;
};
using FleetEffect = std::variant<SpawnEffect, StopEffect>;

struct FleetDecision {
    std::vector<FleetRecord> records;
    std::vector<FleetEffect> effects;
};

/// A refusal is a Problem: its code tells the client how to react.
using FleetOutcome = std::expected<FleetDecision, contracts::Problem>;

class Fleet {
  public:
    /// What the command leads to, or why it is refused. Total: any command in any state.
    [[nodiscard]] FleetOutcome decide(const FleetCommand& command) const;

    /// Makes a record true. An ended worker stays readable until `forget_ended`.
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
