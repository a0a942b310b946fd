#pragma once
/// @file
/// The words of the fleet: its entities, the commands that ask for a change, the records that say what changed, and the
/// effects that the shell carries out. `Fleet` (fleet.hpp) says what leads to what.
///
/// All are values. Entities and records have a JSON form, which is on people's disks: a member may be added as
/// optional, none may change its meaning.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/contracts/error_codes.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/contracts/nodes.hpp"

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
    std::optional<std::string> device;  ///< of its node that it was ordered on; absent in orders of older releases

    bool operator==(const Worker&) const = default;
};
BOOST_DESCRIBE_STRUCT(Worker, (),
                      (id, node, model, state, slots, context, kind, url, model_hash, reason, error_code, created_at,
                       device))

/// Whether a worker in that state is gone for good.
[[nodiscard]] constexpr bool has_ended(contracts::WorkerState state) {
    return state == contracts::WorkerState::failed || state == contracts::WorkerState::stopped;
}

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

/// A node registered; the same one may come again with other facts.
struct AdmitNode {
    Node node;
};

/// A node leaves for good; its workers count as ended.
struct RemoveNode {
    NodeId node;
};

/// A node gets no more work and finishes what it has.
struct DrainNode {
    NodeId node;
};

/// A worker is ordered; its state must be `starting`.
struct CreateWorker {
    Worker worker;
};

/// A node has it and we do not know it: orcd lost or changed its home. Its state is `starting` or `draining`.
struct AdoptWorker {
    Worker worker;
};

/// A worker finished loading.
struct ConfirmWorker {
    WorkerId worker;
    ReadyFacts facts;
};

/// A worker finishes its work, then stops.
struct RetireWorker {
    WorkerId worker;
    std::string reason;
};

/// A worker is gone; `outcome` must be `stopped` or `failed`.
struct BuryWorker {
    WorkerId worker;
    contracts::WorkerState outcome = contracts::WorkerState::stopped;
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

}  // namespace rbees::orchestrator
