#include "samples.hpp"

#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rbees/reflect/write.hpp"

namespace rbees::kernel {
namespace {

namespace orch = orchestrator;

template <class Domain>
std::vector<Record> records_of(const std::vector<Domain>& records) {
    return {records.begin(), records.end()};
}

template <class Map>
std::string lines_of(const Map& entities) {
    std::string text;
    for (const auto& [id, entity] : entities) {
        text += id.str() + " " + reflect::to_json_text(entity) + "\n";
    }
    return text;
}

std::vector<Record> node_records() {
    auto tool_node = sample_node("node-2");
    tool_node.kind = contracts::NodeKind::tool;
    auto memory_node = sample_node("node-3");
    memory_node.kind = contracts::NodeKind::memory;
    return records_of<orch::FleetRecord>({orch::NodeRegistered{sample_node("node-1")}, orch::NodeRegistered{tool_node},
                                          orch::NodeRegistered{memory_node}, orch::NodeDraining{tool_node.id},
                                          orch::NodeRemoved{memory_node.id}});
}

std::vector<Record> worker_records() {
    std::vector<orch::FleetRecord> records;
    for (const auto* id : {"worker-1", "worker-2", "worker-3", "worker-4", "worker-5"}) {
        records.emplace_back(orch::WorkerCreated{sample_worker(id, "node-1")});
    }
    auto adopted = sample_worker("worker-6", "node-1");
    adopted.state = contracts::WorkerState::draining;
    records.emplace_back(orch::WorkerCreated{adopted});
    records.emplace_back(orch::WorkerReady{WorkerId("worker-2"), sample_facts()});
    records.emplace_back(orch::WorkerDraining{WorkerId("worker-3"), "its node drains"});
    records.emplace_back(orch::WorkerEnded{WorkerId("worker-4"), contracts::WorkerState::failed, "the file is no model",
                                           contracts::ErrorCode::MODEL_LOAD_FAILED});
    records.emplace_back(
        orch::WorkerEnded{WorkerId("worker-5"), contracts::WorkerState::stopped, "idle", std::nullopt});
    return records_of(records);
}

std::vector<Record> model_records() {
    auto chat = sample_model("wax");
    chat.model.kind = contracts::ModelKind::chat;
    return records_of<orch::FleetRecord>({orch::ModelAdded{sample_model("honey")}, orch::ModelAdded{chat},
                                          orch::ModelAdded{sample_model("comb")}, orch::ModelRemoved{ModelId("comb")}});
}

std::vector<Record> token_records() {
    auto admin = sample_token("token-2");
    admin.role = contracts::Role::admin;
    return records_of<orch::AccessRecord>({orch::TokenCreated{sample_token("token-1")}, orch::TokenCreated{admin},
                                           orch::TokenCreated{sample_token("token-3")},
                                           orch::TokenRevoked{TokenId("token-3")}});
}

std::vector<Record> job_records() {
    const JobId done("job-1");
    const JobId waiting("job-2");
    auto ended = sample_job("job-3");
    ended.state = contracts::TaskState::completed;
    ended.ended_at = noon;
    ended.erased = true;
    const orch::RouteReceipt receipt{WorkerId("worker-2"), "most free slots", 12, 2};
    const contracts::Usage usage{Tokens(3), Tokens(2), Tokens(5)};
    return records_of<orch::JobRecord>({
        orch::JobQueued{sample_job("job-1"), "digest of the request", "digest of a frame"},
        orch::JobDispatched{done, 1, receipt},
        orch::JobProgressed{done, 1, 3, Tokens(2), true, noon, "digest of frames", "digest of the start"},
        orch::JobEnded{done, contracts::TaskState::completed, 4, "stop", usage, std::nullopt, noon, "digest"},
        orch::JobQueued{sample_job("job-2"), "digest of the request", "digest of a frame"},
        orch::JobDispatched{waiting, 1, receipt},
        orch::JobPostponed{waiting, 1, 1, "the worker died", 250},
        orch::JobRequeued{waiting},
        orch::JobErased{ended},
    });
}

std::vector<Record> session_records() {
    const auto open = sample_session("session-1");
    const auto closed = sample_session("session-2");
    const auto forgotten = sample_session("session-3");
    const auto key = [](const orch::Session& session) { return orch::SessionKey{session.owner, session.name}; };
    return records_of<orch::SessionRecord>(
        {orch::SessionOpened{open}, orch::SessionOpened{closed}, orch::SessionOpened{forgotten},
         orch::SessionEntered{key(open), Tokens(64), noon}, orch::SessionEntered{key(open), Tokens(32), noon},
         orch::SessionSpent{key(open), Tokens(64), Tokens(3), Tokens(5), noon},
         orch::SessionClosed{key(closed), {TokenId("token-2"), noon}}, orch::SessionForgotten{key(forgotten)}});
}

}  // namespace

orch::Node sample_node(const std::string& id) {
    return {.id = NodeId(id),
            .kind = contracts::NodeKind::pool,
            .name = "bee \"" + id + "\"",
            .url = "http://127.0.0.1:9200",
            .version = "0.1.0",
            .draining = false,
            .registered_at = noon};
}

orch::Worker sample_worker(const std::string& id, const std::string& node) {
    return {.id = WorkerId(id),
            .node = NodeId(node),
            .model = ModelId("smollm2-135m"),
            .state = contracts::WorkerState::starting,
            .slots = 4,
            .context = Tokens(8192),
            .created_at = noon + std::chrono::milliseconds(1)};
}

orch::ReadyFacts sample_facts() {
    return {.url = "http://127.0.0.1:8001",
            .slots = 2,
            .context = Tokens(4096),
            .kind = contracts::ModelKind::embedding,
            .model_hash = "sha256:6a5b"};
}

orch::AddedModel sample_model(const std::string& id) {
    using contracts::SourceKind;
    return {.id = ModelId(id),
            .model = {.id = ModelId(id),
                      .name = "Honig \u00fcber alles",
                      .kind = contracts::ModelKind::rerank,
                      .sha256 = "00ff",
                      .sources = {{.kind = SourceKind::url, .url = "http://127.0.0.1/honey.gguf"},
                                  {.kind = SourceKind::huggingface, .repository = "bees/honey", .file = "honey.gguf"},
                                  {.kind = SourceKind::pypi, .file = "honey.gguf", .package = "honey", .version = "1"},
                                  {.kind = SourceKind::recipe, .file = "honey"},
                                  {.kind = SourceKind::file, .file = "/srv/models/honey.gguf"}}},
            .created_at = noon + std::chrono::milliseconds(2)};
}

orch::Token sample_token(const std::string& id) {
    return {.id = TokenId(id),
            .name = "laptop " + id,
            .hash = "hash of " + id,
            .role = contracts::Role::node,
            .scopes = {"models:read", "tasks:write"},
            .models = {ModelId("smollm2-135m")},
            .limits = {{"requests_per_minute", 60}, {"tokens_per_day", 5'000'000'000}},
            .created_at = noon + std::chrono::milliseconds(3),
            .expires_at = noon + std::chrono::days(30)};
}

orch::Job sample_job(const std::string& id) {
    orch::Job job;
    job.id = JobId(id);
    job.owner = TokenId("token-1");
    job.session = "session-1";
    job.held = Tokens(64);
    job.model = ModelId("smollm2-135m");
    job.priority = contracts::Priority::batch;
    job.frames = 1;
    job.submitted_at = noon + std::chrono::milliseconds(4);
    job.deadline = noon + std::chrono::hours(1);
    job.idempotency = orch::Idempotency{"key of " + id, "digest of the body"};
    job.answer = R"({"job_id":")" + id + R"("})";
    return job;
}

orch::Session sample_session(const std::string& name) {
    return {.owner = TokenId("token-1"),
            .name = name,
            .budget = Tokens(1'000),
            .opened_at = noon,
            .used_at = noon + std::chrono::milliseconds(5)};
}

std::vector<Record> sample_journal() {
    auto records = node_records();
    for (auto part : {worker_records(), model_records(), token_records(), job_records(), session_records()}) {
        records.insert(records.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
    }
    return records;
}

std::string text_of(const State& state) {
    std::string sessions;
    for (const auto& [key, session] : state.sessions.sessions()) {
        sessions += reflect::to_json_text(session) + "\n";
    }
    return sessions + lines_of(state.fleet.nodes()) + lines_of(state.fleet.workers()) + lines_of(state.fleet.models()) +
           lines_of(state.access.tokens()) + lines_of(state.jobs.jobs());
}

}  // namespace rbees::kernel
