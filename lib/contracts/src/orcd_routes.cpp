#include <array>

#include "rbees/contracts/models.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/contracts/sessions.hpp"
#include "rbees/contracts/storage.hpp"
#include "rbees/contracts/task_views.hpp"
#include "rbees/contracts/tokens.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/reflect/schema.hpp"

namespace rbees::contracts {
namespace {

using enum Access;
using enum ErrorShape;
using reflect::schema;

const std::array table{
    // Operations
    Route{"GET", "/health", "health", open, problem, "Whether this process lives", 200, nullptr, schema<Health>},
    Route{"GET", "/ready", "ready", user, problem, "Whether requests can be served, and why not", 200, nullptr,
          schema<Readiness>},
    Route{"GET", "/metrics", "metrics", metrics, problem, "Metrics in Prometheus's text form"},
    Route{"GET", "/openapi.json", "openapi", user, problem, "This interface as OpenAPI 3.1"},
    Route{"GET", "/v2/version", "version", user, problem, "Versions of the program and its formats", 200, nullptr,
          schema<Version>},
    Route{"POST", "/v2/shutdown", "shutdown", admin, problem, "Drain and stop this process", 202},

    // OpenAI
    Route{"GET", "/v1/models", "openai_models", user, openai, "Models that can be used at once, the default first", 200,
          nullptr, schema<OpenAiModelList>},
    Route{"GET", "/v1/models/{id}", "openai_model", user, openai, "One of them", 200, nullptr, schema<OpenAiModel>},
    Route{"POST", "/v1/chat/completions", "chat_completions", user, openai, "An answer to a conversation", 200, nullptr,
          nullptr, BodySize::text},
    Route{"POST", "/v1/completions", "completions", user, openai, "The continuation of a text", 200, nullptr, nullptr,
          BodySize::text},
    Route{"POST", "/v1/embeddings", "embeddings", user, openai, "Vectors for texts", 200, nullptr, nullptr,
          BodySize::text},

    // Nodes
    Route{"POST", "/v2/nodes/register", "node_register", Access::node, problem, "A node makes itself known", 200,
          schema<NodeRegistration>, schema<NodeRegistered>},
    Route{"POST", "/v2/nodes/{id}/heartbeat", "node_heartbeat", Access::node, problem,
          "A node tells that it lives, and how", 200, schema<Heartbeat>, schema<HeartbeatAnswer>},
    Route{"GET", "/v2/nodes", "nodes", user, problem, "All nodes", 200, nullptr, schema<std::vector<NodeView>>},
    Route{"GET", "/v2/nodes/{id}", "node", user, problem, "One node", 200, nullptr, schema<NodeView>},
    Route{"POST", "/v2/nodes/{id}/drain", "node_drain", admin, problem, "Give a node no new work", 202, nullptr,
          schema<NodeView>},
    Route{"DELETE", "/v2/nodes/{id}", "node_remove", Access::node, problem, "Forget a node", 204},

    // Workers
    Route{"POST", "/v2/workers", "worker_start", admin, problem, "Start a worker for a model", 202, schema<StartWorker>,
          schema<WorkerView>},
    Route{"GET", "/v2/workers", "workers", user, problem, "All workers", 200, nullptr, schema<std::vector<WorkerView>>},
    Route{"GET", "/v2/workers/{id}", "worker", user, problem, "One worker", 200, nullptr, schema<WorkerView>},
    Route{"DELETE", "/v2/workers/{id}", "worker_stop", admin, problem, "Finish its work and stop it", 202, nullptr,
          schema<WorkerView>},

    // Models
    Route{"GET", "/v2/models", "models", user, problem, "The catalogue, and what is here of it", 200, nullptr,
          schema<std::vector<ModelView>>},
    Route{"GET", "/v2/models/{id}", "model", user, problem, "One model", 200, nullptr, schema<ModelView>},
    Route{"POST", "/v2/models", "model_add", admin, problem, "Add a model to the catalogue", 201, schema<AddModel>,
          schema<ModelView>},
    Route{"POST", "/v2/models/{id}/download", "model_download", admin, problem, "Fetch its file, or mend it", 202,
          schema<FetchModel>, schema<ModelView>},
    Route{"POST", "/v2/models/{id}/load", "model_load", admin, problem, "Start a worker for it, unless one is there",
          202, schema<ModelAction>, schema<ModelView>},
    Route{"POST", "/v2/models/{id}/unload", "model_unload", admin, problem, "Stop its workers", 202,
          schema<ModelAction>, schema<ModelView>},
    Route{"DELETE", "/v2/models/{id}", "model_delete", admin, problem,
          "Stop its download and its workers, and delete its file", 204},

    // Durable tasks
    Route{"POST", "/v2/tasks", "task_submit", user, problem, "Accept a task; it is on disk when the answer leaves", 202,
          schema<SubmitTask>, schema<TaskAccepted>, BodySize::task},
    Route{"GET", "/v2/tasks", "tasks", user, problem, "Tasks, the newest first", 200, nullptr, schema<TaskPage>},
    Route{"GET", "/v2/tasks/{id}", "task", user, problem, "One task, with its result when it has ended", 200, nullptr,
          schema<TaskView>},
    Route{"GET", "/v2/tasks/{id}/events", "task_events", user, problem,
          "Its stream as server-sent events, from any event on"},
    Route{"POST", "/v2/tasks/{id}/cancel", "task_cancel", user, problem, "End a task at once; idempotent", 200, nullptr,
          schema<TaskStatus>},
    Route{"GET", "/v2/tasks/{id}/explain", "task_explain", user, problem, "How it stands, why, and what comes next",
          200, nullptr, schema<TaskExplanation>},
    Route{"POST", "/v2/sessions", "session_create", user, problem,
          "Open a session for tasks; the same id with the same budget is the same session", 201, schema<CreateSession>,
          schema<SessionView>},
    Route{"GET", "/v2/sessions", "sessions", user, problem, "Sessions, the newest first", 200, nullptr,
          schema<SessionPage>},
    Route{"GET", "/v2/sessions/{id}", "session", user, problem, "One session: what it has spent, and may spend", 200,
          nullptr, schema<SessionView>},
    Route{"DELETE", "/v2/sessions/{id}", "session_close", user, problem,
          "Close a session: it takes no more tasks; `?cancel=true` ends its tasks, too; idempotent", 204},

    // Access
    Route{"POST", "/v2/tokens", "token_create", admin, problem, "Make a token; it is shown this once", 201,
          schema<CreateToken>, schema<TokenCreated>},
    Route{"GET", "/v2/tokens", "tokens", admin, problem, "All tokens, without their secrets", 200, nullptr,
          schema<std::vector<TokenView>>},
    Route{"DELETE", "/v2/tokens/{id}", "token_revoke", admin, problem, "Revoke a token at once", 204},

    // Storage
    Route{"GET", "/v2/audit", "audit", admin, problem, "Records of the journal: ?since=&limit=&type=", 200, nullptr,
          schema<AuditPage>},
    Route{"GET", "/v2/audit/verify", "audit_verify", admin, problem,
          "Check all of the journal; answers when it is done", 200, nullptr, schema<AuditReport>},
    Route{"POST", "/v2/backup", "backup", admin, problem, "Copy the journal into a file, and check the copy", 201,
          schema<CreateBackup>, schema<Backup>},
};

}  // namespace

std::span<const Route> orcd_routes() {
    return table;
}

}  // namespace rbees::contracts
