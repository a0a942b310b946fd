#include <array>

#include "rbees/contracts/executions.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/reflect/schema.hpp"

namespace rbees::contracts {
namespace {

using enum Access;
using enum ErrorShape;
using reflect::schema;

const std::array pool_table{
    Route{"GET", "/health", "health", open, problem, "Whether this process lives", 200, nullptr, schema<Health>},
    Route{"GET", "/metrics", "metrics", caller, problem, "Metrics in Prometheus's text form"},
    Route{"POST", "/workers/spawn", "spawn", caller, problem, "Start a worker; the same worker_id is the same worker",
          202, schema<SpawnWorker>, schema<SpawnAnswer>},
    Route{"POST", "/v2/workers/start", "start", caller, problem, "Another name of /workers/spawn", 202,
          schema<SpawnWorker>, schema<SpawnAnswer>},
    Route{"POST", "/v2/workers/stop", "stop", caller, problem, "Finish a worker's work and stop it", 202,
          schema<StopWorker>, schema<WorkerReport>},
    Route{"GET", "/v2/workers", "workers", caller, problem, "All workers of this node", 200, nullptr,
          schema<std::vector<WorkerReport>>},
    Route{"GET", "/v2/workers/{id}", "worker", caller, problem, "One worker", 200, nullptr, schema<WorkerReport>},
    Route{"POST", "/v2/workers/{id}/drain", "drain", caller, problem, "Give a worker no new work, then stop it", 202,
          nullptr, schema<WorkerReport>},
    Route{"GET", "/v2/state", "state", caller, problem, "Everything that changes on this node", 200, nullptr,
          schema<NodeStatus>},
    Route{"GET", "/v2/devices", "devices", caller, problem, "What can run a model here", 200, nullptr,
          schema<std::vector<Device>>},
    Route{"GET", "/v2/models", "models", caller, problem, "Model files on this node", 200, nullptr,
          schema<std::vector<ModelReport>>},
    Route{"POST", "/v2/models/download", "download", caller, problem, "Fetch a model's file, or mend it", 202,
          schema<DownloadModel>, schema<DownloadReport>},
    Route{"DELETE", "/v2/models/{id}", "model_delete", caller, problem, "Stop a model's download, and delete its file",
          204},
    Route{"POST", "/v2/internal/workers/ready", "worker_ready", caller, problem, "A worker's own report; loopback only",
          204, schema<WorkerReady>, nullptr},
    Route{"POST", "/v2/shutdown", "shutdown", caller, problem, "Stop this process, and its workers if asked", 202,
          schema<ShutdownPool>, nullptr},
};

const std::array worker_table{
    Route{"GET", "/health", "health", caller, problem, "Whether the model is loaded", 200, nullptr,
          schema<WorkerHealth>},
    Route{"GET", "/metrics", "metrics", caller, problem, "Metrics in Prometheus's text form"},
    Route{"GET", "/capabilities", "capabilities", caller, problem, "What the model and the engine can do", 200, nullptr,
          schema<WorkerCapabilities>},
    Route{"POST", "/v1/chat/completions", "chat", caller, openai, "An answer to a conversation", 200, nullptr, nullptr,
          BodySize::text},
    Route{"POST", "/v1/completions", "completion", caller, openai, "The continuation of a text", 200, nullptr, nullptr,
          BodySize::text},
    Route{"POST", "/v1/embeddings", "embedding", caller, openai, "Vectors for texts", 200, nullptr, nullptr,
          BodySize::text},
    Route{"POST", "/v1/rerank", "rerank", caller, openai, "Documents by relevance", 200, nullptr, nullptr,
          BodySize::text},
    Route{"POST", "/tokenize", "tokenize", caller, openai, "Text to token ids", 200, nullptr, nullptr, BodySize::text},
    Route{"POST", "/detokenize", "detokenize", caller, openai, "Token ids to text", 200, nullptr, nullptr,
          BodySize::text},
    Route{"POST", "/apply-template", "apply_template", caller, openai, "A conversation as the model sees it", 200,
          nullptr, nullptr, BodySize::text},
    Route{"POST", "/continue", "continue", caller, openai, "The rest of an answer that broke off on another worker",
          200, schema<Continue>, nullptr, BodySize::text},
    Route{"POST", "/execute", "execute", caller, problem,
          "Generate for a lease, not for a connection; the same attempt of a job is the same execution", 202,
          schema<Execute>, schema<ExecutionAccepted>, BodySize::text},
    Route{"GET", "/execute/{job}/{attempt}", "execution", caller, problem,
          "What an execution says behind the token `after`, as events; a newer reader ends the older one"},
    Route{"POST", "/execute/{job}/{attempt}/ack", "execution_ack", caller, problem,
          "Say what is stored, and renew the lease", 200, schema<Acknowledge>, schema<Acknowledged>},
    Route{"DELETE", "/execute/{job}/{attempt}", "execution_cancel", caller, problem,
          "Stop and forget an execution at once; idempotent", 204},
    Route{"POST", "/cancel", "cancel", caller, problem, "Stop a task at once; idempotent", 202, schema<CancelTask>,
          nullptr},
    Route{"POST", "/shutdown", "shutdown", caller, problem, "Finish the work in flight and exit", 202},
};

}  // namespace

std::span<const Route> pool_routes() {
    return pool_table;
}
std::span<const Route> worker_routes() {
    return worker_table;
}

}  // namespace rbees::contracts
