#pragma once
/// @file
/// Workers: as clients see them, as orcd orders them from a pool manager, and the wire between orcd and a worker.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/contracts/nodes.hpp"

namespace rbees::contracts {

/// `POST /v2/workers`
struct StartWorker {
    ModelId model;
    std::optional<NodeId> node;
    std::optional<std::uint32_t> slots;
    std::optional<Tokens> context;
    std::optional<std::string> device;  ///< "cpu", "cuda:0"; without it a GPU that has room, else the CPU
};
BOOST_DESCRIBE_STRUCT(StartWorker, (), (model, node, slots, context, device))

/// A worker as clients see it.
struct WorkerView {
    WorkerId id;
    NodeId node;
    ModelId model;
    WorkerState state = WorkerState::starting;
    double load_progress = 0;
    std::optional<std::string> url;
    std::uint32_t slots = 0;
    std::uint32_t slots_busy = 0;
    std::optional<Tokens> context;
    std::optional<ModelKind> kind;
    std::optional<Bytes> memory;
    std::optional<std::int32_t> pid;
    std::optional<std::string> device;
    std::optional<std::string> reason;
    WallTime started_at{};
    bool orphan = false;
};
BOOST_DESCRIBE_STRUCT(WorkerView, (),
                      (id, node, model, state, load_progress, url, slots, slots_busy, context, kind, memory, pid,
                       device, reason, started_at, orphan))

/// `POST /workers/spawn` of a pool manager. Repeats safely: the same `worker_id` is the same worker.
struct SpawnWorker {
    WorkerId worker_id;
    ModelId model;
    std::optional<std::uint32_t> slots;
    std::optional<Tokens> context;
    std::optional<std::string> device;  ///< of this node; without it the CPU
};
BOOST_DESCRIBE_STRUCT(SpawnWorker, (), (worker_id, model, slots, context, device))

struct SpawnAnswer {
    WorkerId worker_id;
    WorkerState status = WorkerState::starting;
};
BOOST_DESCRIBE_STRUCT(SpawnAnswer, (), (worker_id, status))

/// `POST /v2/workers/stop` of a pool manager.
struct StopWorker {
    WorkerId worker_id;
    std::optional<std::uint32_t> grace_ms;  ///< for work in flight; then the worker is killed
};
BOOST_DESCRIBE_STRUCT(StopWorker, (), (worker_id, grace_ms))

/// `GET /capabilities` of a worker.
struct WorkerCapabilities {
    std::uint32_t protocol = 1;
    ModelId model;
    std::string model_hash;
    ModelKind kind = ModelKind::chat;
    Tokens context;
    std::uint32_t slots = 1;
    std::uint32_t batch = 0;               ///< tokens a step
    std::optional<std::uint32_t> step_ms;  ///< that a full step takes, as measured when the batch was chosen
    bool ids = false;
    bool continue_ = false;
    bool keep = false;
    bool tools = false;
    bool grammar = false;
    std::optional<DeviceKind> device;  ///< that computes, as found after the load
};
BOOST_DESCRIBE_STRUCT(WorkerCapabilities, (),
                      (protocol, model, model_hash, kind, context, slots, batch, step_ms, ids, continue_, keep, tools,
                       grammar, device))

/// `rbees-workerd --devices`: what that program can compute on.
struct EngineDevices {
    std::vector<DeviceKind> built_for;  ///< kinds that it has code for
    std::vector<DeviceKind> usable;     ///< of these, kinds that this machine has and whose driver works
};
BOOST_DESCRIBE_STRUCT(EngineDevices, (), (built_for, usable))

/// `GET /health` of a worker.
struct WorkerHealth {
    std::string status;  ///< "loading", "healthy", "draining"
    ModelId model;
    double load_progress = 0;
    std::uint32_t slots = 0;
    std::uint32_t slots_busy = 0;
    std::uint32_t queued = 0;
    double uptime_seconds = 0;
    std::optional<Bytes> memory;  ///< that it takes now, on the device that it runs on
};
BOOST_DESCRIBE_STRUCT(WorkerHealth, (),
                      (status, model, load_progress, slots, slots_busy, queued, uptime_seconds, memory))

/// What a worker posts to its pool manager: progress while it loads (`ready` false), then once with `ready` true.
/// `failure` instead when the load failed; the worker exits after it.
struct WorkerReady {
    WorkerId worker_id;
    bool ready = false;
    double load_progress = 0;
    std::optional<std::uint16_t> port;
    std::optional<WorkerCapabilities> capabilities;
    std::optional<Bytes> memory;
    std::optional<std::string> failure;
    std::optional<std::string> error_code;
};
BOOST_DESCRIBE_STRUCT(WorkerReady, (),
                      (worker_id, ready, load_progress, port, capabilities, memory, failure, error_code))

/// Exit code of a worker whose port another program took before it could: its pool manager starts it on another one.
/// 75 is "try again" of sysexits.h.
inline constexpr int worker_exit_port_taken = 75;

/// `POST /cancel` of a worker.
struct CancelTask {
    TaskId task_id;
};
BOOST_DESCRIBE_STRUCT(CancelTask, (), (task_id))

/// Headers of the worker wire.
inline constexpr std::string_view task_header = "X-Rbees-Task";  ///< names the request, for cancelling
inline constexpr std::string_view epoch_header =
    "X-Rbees-Epoch";                                           ///< of the slot ticket; an older one is refused with 409
inline constexpr std::string_view ids_header = "X-Rbees-Ids";  ///< "1": the stream carries token ids
inline constexpr std::string_view worker_header = "X-Rbees-Worker";  ///< on answers: who served it
inline constexpr std::string_view correlation_header = "X-Correlation-Id";

}  // namespace rbees::contracts
