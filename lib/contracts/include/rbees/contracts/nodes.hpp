#pragma once
/// @file
/// What pool managers tell orcd, and what orcd tells clients about nodes.
///
/// A pool manager registers once with a `NodeRegistration`, then keeps one heartbeat request open at all times: orcd
/// holds the answer for `hold_ms`, so either side notices at once when the other is gone. A change (a worker ready or
/// dead, a download moving) is reported at once by a second heartbeat with `hold_ms: 0`.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::contracts {

enum class NodeKind : std::uint8_t { pool, tool, memory };
BOOST_DESCRIBE_ENUM(NodeKind, pool, tool, memory)

enum class DeviceKind : std::uint8_t { cpu, cuda };
BOOST_DESCRIBE_ENUM(DeviceKind, cpu, cuda)

/// Something that can run a model.
struct Device {
    std::string id;  ///< "cpu", "cuda:0"
    DeviceKind kind = DeviceKind::cpu;
    std::string name;                   ///< "AMD EPYC 7763 64-Core Processor"
    std::vector<std::string> features;  ///< instruction sets ("avx2", "avx512f") or the compute capability
    std::uint32_t cores = 0;
    Bytes memory_total;
    Bytes memory_free;
    double load = 0;                      ///< 0 to 1; for a CPU the share of busy cores
    std::optional<std::string> unusable;  ///< why no worker can run there; absent if one can
};
BOOST_DESCRIBE_STRUCT(Device, (), (id, kind, name, features, cores, memory_total, memory_free, load, unusable))

enum class WorkerState : std::uint8_t { starting, ready, draining, failed, stopped };
BOOST_DESCRIBE_ENUM(WorkerState, starting, ready, draining, failed, stopped)

enum class ModelKind : std::uint8_t { chat, embedding, rerank };
BOOST_DESCRIBE_ENUM(ModelKind, chat, embedding, rerank)

/// A worker as its pool manager sees it. `url` to `kind` are there once it is ready.
struct WorkerReport {
    WorkerId worker_id;
    ModelId model;
    WorkerState state = WorkerState::starting;
    double load_progress = 0;  ///< 0 to 1 while it starts
    std::optional<std::string> url;
    std::optional<std::string> secret;  ///< the spawn secret; only on the way to orcd, never listed
    std::optional<std::uint32_t> slots;
    std::optional<Tokens> context;
    std::optional<ModelKind> kind;
    std::optional<std::string> model_hash;
    std::optional<Bytes> memory;
    std::optional<std::int32_t> pid;
    std::optional<std::string> device;
    std::optional<std::string> reason;      ///< why it failed
    std::optional<std::string> error_code;  ///< an ErrorCode for that
    bool orphan = false;                    ///< answers on a worker port, but cannot be proved to be ours
};
BOOST_DESCRIBE_STRUCT(WorkerReport, (),
                      (worker_id, model, state, load_progress, url, secret, slots, context, kind, model_hash, memory,
                       pid, device, reason, error_code, orphan))

/// A model file on a node's disk.
struct ModelReport {
    ModelId model;
    Bytes size;
    std::string sha256;
    ModelKind kind = ModelKind::chat;
};
BOOST_DESCRIBE_STRUCT(ModelReport, (), (model, size, sha256, kind))

enum class DownloadState : std::uint8_t { running, done, failed, cancelled };
BOOST_DESCRIBE_ENUM(DownloadState, running, done, failed, cancelled)

struct DownloadReport {
    ModelId model;
    DownloadState state = DownloadState::running;
    Bytes done;
    std::optional<Bytes> total;
    std::string phase;                  ///< "downloading", "verifying", "converting"
    std::optional<std::string> source;  ///< where the bytes come from
    std::optional<std::string> reason;  ///< why it failed
};
BOOST_DESCRIBE_STRUCT(DownloadReport, (), (model, state, done, total, phase, source, reason))

/// Everything that changes on a node; the whole of it each time, so that a lost report does no harm. The first three
/// tell which of two is the newer, because one may be overtaken on its way.
struct NodeStatus {
    std::string boot_id;           ///< the kernel's id of the boot that the pool manager started in
    std::uint64_t start_time = 0;  ///< of the pool manager: clock ticks after that boot
    std::uint64_t sequence = 0;    ///< grows with each status of one start
    std::vector<Device> devices;
    std::vector<WorkerReport> workers;
    std::vector<ModelReport> models;
    std::vector<DownloadReport> downloads;
};
BOOST_DESCRIBE_STRUCT(NodeStatus, (), (boot_id, start_time, sequence, devices, workers, models, downloads))

struct NodeRegistration {
    NodeId node_id;
    NodeKind kind = NodeKind::pool;
    std::string name;     ///< for people: the host's name
    std::string url;      ///< where orcd reaches the node
    std::string version;  ///< of the program
    std::uint32_t protocol = 1;
    std::string call_token;  ///< what orcd must show on the node's routes
    NodeStatus status;
};
BOOST_DESCRIBE_STRUCT(NodeRegistration, (), (node_id, kind, name, url, version, protocol, call_token, status))

struct NodeRegistered {
    NodeId node_id;
    std::string orchestrator;  ///< changes with each start of orcd: register again when it does
    std::uint32_t heartbeat_interval_ms = 2000;
};
BOOST_DESCRIBE_STRUCT(NodeRegistered, (), (node_id, orchestrator, heartbeat_interval_ms))

struct Heartbeat {
    std::string orchestrator;  ///< the one that answered the registration; another one answers 409
    std::uint32_t hold_ms = 0;
    NodeStatus status;
};
BOOST_DESCRIBE_STRUCT(Heartbeat, (), (orchestrator, hold_ms, status))

struct HeartbeatAnswer {
    std::uint32_t next_ms = 2000;
};
BOOST_DESCRIBE_STRUCT(HeartbeatAnswer, (), (next_ms))

/// What becomes of a pool manager's workers when it stops.
enum class WorkersAtExit : std::uint8_t { keep, stop };
BOOST_DESCRIBE_ENUM(WorkersAtExit, keep, stop)

/// `POST /v2/shutdown` of a pool manager. Workers are kept unless asked otherwise: its next start adopts them.
struct ShutdownPool {
    std::optional<WorkersAtExit> workers;
};
BOOST_DESCRIBE_STRUCT(ShutdownPool, (), (workers))

enum class NodeState : std::uint8_t { ready, suspect, lost, draining };
BOOST_DESCRIBE_ENUM(NodeState, ready, suspect, lost, draining)

/// A node as clients see it.
struct NodeView {
    NodeId id;
    NodeKind kind = NodeKind::pool;
    std::string name;
    std::string url;
    std::string version;
    NodeState state = NodeState::lost;
    std::string reason;  ///< why it is not ready; empty if it is
    WallTime registered_at{};
    std::vector<Device> devices;
    std::vector<WorkerId> workers;
    std::vector<ModelReport> models;
};
BOOST_DESCRIBE_STRUCT(NodeView, (),
                      (id, kind, name, url, version, state, reason, registered_at, devices, workers, models))

}  // namespace rbees::contracts
