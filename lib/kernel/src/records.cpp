#include "rbees/kernel/records.hpp"

#include <map>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/core.h>

#include "rbees/base/overloaded.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::kernel {
namespace {

namespace orch = orchestrator;

/// A record type's name on disk.
template <class T>
constexpr std::string_view type_name = "";
template <>
constexpr std::string_view type_name<orch::NodeRegistered> = "node:registered";
template <>
constexpr std::string_view type_name<orch::NodeRemoved> = "node:removed";
template <>
constexpr std::string_view type_name<orch::NodeDraining> = "node:draining";
template <>
constexpr std::string_view type_name<orch::WorkerCreated> = "worker:created";
template <>
constexpr std::string_view type_name<orch::WorkerReady> = "worker:ready";
template <>
constexpr std::string_view type_name<orch::WorkerDraining> = "worker:draining";
template <>
constexpr std::string_view type_name<orch::WorkerEnded> = "worker:ended";
template <>
constexpr std::string_view type_name<orch::ModelAdded> = "model:added";
template <>
constexpr std::string_view type_name<orch::ModelRemoved> = "model:removed";
template <>
constexpr std::string_view type_name<orch::TokenCreated> = "token:created";
template <>
constexpr std::string_view type_name<orch::TokenRevoked> = "token:revoked";
template <>
constexpr std::string_view type_name<orch::JobQueued> = "job:queued";
template <>
constexpr std::string_view type_name<orch::JobDispatched> = "job:dispatched";
template <>
constexpr std::string_view type_name<orch::JobProgressed> = "job:progressed";
template <>
constexpr std::string_view type_name<orch::JobPostponed> = "job:postponed";
template <>
constexpr std::string_view type_name<orch::JobRequeued> = "job:requeued";
template <>
constexpr std::string_view type_name<orch::JobEnded> = "job:ended";
template <>
constexpr std::string_view type_name<orch::JobErased> = "job:erased";
template <>
constexpr std::string_view type_name<orch::SessionOpened> = "session:opened";
template <>
constexpr std::string_view type_name<orch::SessionEntered> = "session:entered";
template <>
constexpr std::string_view type_name<orch::SessionSpent> = "session:spent";
template <>
constexpr std::string_view type_name<orch::SessionClosed> = "session:closed";
template <>
constexpr std::string_view type_name<orch::SessionForgotten> = "session:forgotten";

/// Of every type so far.
constexpr std::uint32_t record_version = 1;

/// Reads `text` into the alternative of `Domain` that has its type name; nothing if none has.
template <class Domain>
std::optional<Result<Record>> read_as(const RecordText& text) {
    std::optional<Result<Record>> result;
    const auto attempt = [&]<class T>(std::type_identity<T> /*type*/) {
        if (result || text.type != type_name<T>) return;
        auto record = reflect::from_json_text<T>(text.body);
        if (record) {
            result.emplace(Record(Domain(std::move(*record))));
        } else {
            result.emplace(fail(fmt::format("record {} is damaged: {}", text.type, reflect::describe(record.error()))));
        }
    };
    [&]<class... T>(std::type_identity<std::variant<T...>> /*alternatives*/) {
        (attempt(std::type_identity<T>{}), ...);
    }(std::type_identity<Domain>{});
    return result;
}

/// An entity, named.
using EntityRef = std::pair<std::string_view, std::string>;

EntityRef touched_by(const orch::FleetRecord& record) {
    return std::visit(overloaded{
                          [](const orch::NodeRegistered& r) { return EntityRef("node", r.node.id.str()); },
                          [](const orch::NodeRemoved& r) { return EntityRef("node", r.node.str()); },
                          [](const orch::NodeDraining& r) { return EntityRef("node", r.node.str()); },
                          [](const orch::WorkerCreated& r) { return EntityRef("worker", r.worker.id.str()); },
                          [](const orch::WorkerReady& r) { return EntityRef("worker", r.worker.str()); },
                          [](const orch::WorkerDraining& r) { return EntityRef("worker", r.worker.str()); },
                          [](const orch::WorkerEnded& r) { return EntityRef("worker", r.worker.str()); },
                          [](const orch::ModelAdded& r) { return EntityRef("model", r.model.id.str()); },
                          [](const orch::ModelRemoved& r) { return EntityRef("model", r.model.str()); },
                      },
                      record);
}

EntityRef touched_by(const orch::AccessRecord& record) {
    return std::visit(overloaded{
                          [](const orch::TokenCreated& r) { return EntityRef("token", r.token.id.str()); },
                          [](const orch::TokenRevoked& r) { return EntityRef("token", r.token.str()); },
                      },
                      record);
}

EntityRef touched_by(const orch::JobRecord& record) {
    return std::visit(overloaded{
                          [](const orch::JobQueued& r) { return EntityRef("job", r.job.id.str()); },
                          [](const orch::JobErased& r) { return EntityRef("job", r.job.id.str()); },
                          [](const auto& r) { return EntityRef("job", r.job.str()); },
                      },
                      record);
}

EntityRef touched_by(const orch::SessionRecord& record) {
    const auto key =
        std::visit(overloaded{
                       [](const orch::SessionOpened& r) { return orch::SessionKey{r.session.owner, r.session.name}; },
                       [](const auto& r) { return r.key; },
                   },
                   record);
    return {"session", orch::session_row_id(key)};
}

/// The row of an entity that exists.
EntityRow fill(EntityRow row, const orch::Node& node) {
    row.status = node.draining ? "draining" : "registered";
    row.created_at = node.registered_at;
    row.json = reflect::to_json_text(node);
    return row;
}

EntityRow fill(EntityRow row, const orch::Worker& worker) {
    const bool ended =
        worker.state == contracts::WorkerState::failed || worker.state == contracts::WorkerState::stopped;
    row.phase = ended ? RowPhase::terminal : RowPhase::live;
    row.status = reflect::name_of(worker.state);
    row.model = worker.model.str();
    row.created_at = worker.created_at;
    row.json = reflect::to_json_text(worker);
    return row;
}

EntityRow fill(EntityRow row, const orch::AddedModel& model) {
    row.status = "added";
    row.model = model.id.str();
    row.created_at = model.created_at;
    row.json = reflect::to_json_text(model);
    return row;
}

EntityRow fill(EntityRow row, const orch::Token& token) {
    row.status = reflect::name_of(token.role);
    row.created_at = token.created_at;
    row.json = reflect::to_json_text(token);
    return row;
}

EntityRow fill(EntityRow row, const orch::Job& job) {
    row.phase = contracts::has_ended(job.state) ? RowPhase::terminal : RowPhase::live;
    row.status = reflect::name_of(job.state);
    row.model = job.model.str();
    row.owner = job.owner.str();
    row.parent = job.session.value_or("");
    row.created_at = job.submitted_at;
    if (contracts::has_ended(job.state) && !job.erased) row.due_at = job.ended_at;
    row.json = reflect::to_json_text(job);
    return row;
}

EntityRow fill(EntityRow row, const orch::Session& session) {
    row.status = session.closed ? "closed" : "open";
    row.owner = session.owner.str();
    row.created_at = session.opened_at;
    row.json = reflect::to_json_text(session);
    return row;
}

EntityRow row_of_session(EntityRow row, const orch::Sessions& sessions) {
    const auto colon = row.id.find(':');
    const auto* session = sessions.find({TokenId(row.id.substr(0, colon)), row.id.substr(colon + 1)});
    if (session != nullptr) return fill(std::move(row), *session);
    row.phase = RowPhase::erased;
    return row;
}

template <class Map>
EntityRow row_from(EntityRow row, const Map& entities) {
    const auto found = entities.find(typename Map::key_type(row.id));
    if (found == entities.end()) {
        row.phase = RowPhase::erased;
        return row;
    }
    return fill(std::move(row), found->second);
}

EntityRow row_of(const EntityRef& entity, const State& state) {
    EntityRow row;
    row.kind = entity.first;
    row.id = entity.second;
    if (row.kind == "node") return row_from(std::move(row), state.fleet.nodes());
    if (row.kind == "worker") return row_from(std::move(row), state.fleet.workers());
    if (row.kind == "model") return row_from(std::move(row), state.fleet.models());
    if (row.kind == "job") return row_from(std::move(row), state.jobs.jobs());
    if (row.kind == "session") return row_of_session(std::move(row), state.sessions);
    return row_from(std::move(row), state.access.tokens());
}

/// The key's row, if the record begins a job that was submitted under one. It stays, because the key outlives the job's
/// text; a later job under the key takes it over.
std::optional<EntityRow> submission_row(const Record& record) {
    const auto* of_job = std::get_if<orch::JobRecord>(&record);
    const auto* queued = of_job == nullptr ? nullptr : std::get_if<orch::JobQueued>(of_job);
    if (queued == nullptr || !queued->job.idempotency) return std::nullopt;
    const auto& job = queued->job;
    EntityRow row;
    row.kind = submission_kind;
    row.id = orch::submission_id(job.owner, job.idempotency->key);
    row.phase = RowPhase::terminal;
    row.owner = job.owner.str();
    row.created_at = job.submitted_at;
    row.json = reflect::to_json_text(Submission{job.id});
    return row;
}

template <class Entity, class Put>
Result<void> restore_as(std::string_view kind, std::string_view json, Put put) {
    auto entity = reflect::from_json_text<Entity>(json);
    if (!entity) return fail(fmt::format("the row of a {} is damaged: {}", kind, reflect::describe(entity.error())));
    put(std::move(*entity));
    return {};
}

}  // namespace

RecordText write_record(const Record& record) {
    return std::visit(
        [](const auto& domain) {
            return std::visit(
                []<class T>(const T& one) {
                    return RecordText{std::string(type_name<T>), record_version, reflect::to_json_text(one)};
                },
                domain);
        },
        record);
}

Result<Record> read_record(const RecordText& text) {
    if (text.version > record_version) {
        return fail(fmt::format("record {} has version {}; this program knows {} at most", text.type, text.version,
                                record_version),
                    "start a newer release of rbees");
    }
    if (auto fleet = read_as<orch::FleetRecord>(text)) return std::move(*fleet);
    if (auto access = read_as<orch::AccessRecord>(text)) return std::move(*access);
    if (auto job = read_as<orch::JobRecord>(text)) return std::move(*job);
    if (auto session = read_as<orch::SessionRecord>(text)) return std::move(*session);
    return fail(fmt::format("record type {} is unknown", text.type), "start a newer release of rbees");
}

std::vector<EntityRow> rows_of(const std::vector<Record>& records, const State& state) {
    std::map<EntityRef, EntityRow> rows;
    for (const auto& record : records) {
        auto entity = std::visit([](const auto& domain) { return touched_by(domain); }, record);
        if (rows.contains(entity)) continue;
        auto row = row_of(entity, state);
        rows.emplace(std::move(entity), std::move(row));
    }
    std::vector<EntityRow> list;
    for (auto& [entity, row] : rows) {
        list.push_back(std::move(row));
    }
    for (const auto& record : records) {
        if (auto row = submission_row(record)) list.push_back(std::move(*row));
    }
    return list;
}

Result<void> restore_row(State& state, std::string_view kind, std::string_view json) {
    const auto into_fleet = [&](auto entity) { state.fleet.restore(std::move(entity)); };
    if (kind == "node") return restore_as<orch::Node>(kind, json, into_fleet);
    if (kind == "worker") return restore_as<orch::Worker>(kind, json, into_fleet);
    if (kind == "model") return restore_as<orch::AddedModel>(kind, json, into_fleet);
    if (kind == "token") {
        return restore_as<orch::Token>(kind, json, [&](orch::Token token) { state.access.restore(std::move(token)); });
    }
    if (kind == "job") {
        return restore_as<orch::Job>(kind, json, [&](orch::Job job) {
            const bool is_forgotten = planted(Bug::forgotten_job) && job.state == contracts::TaskState::waiting;
            if (!is_forgotten) state.jobs.restore(std::move(job));
        });
    }
    if (kind == "session") {
        return restore_as<orch::Session>(kind, json,
                                         [&](orch::Session one) { state.sessions.restore(std::move(one)); });
    }
    return fail(fmt::format("rows of kind {} are unknown", kind), "start a newer release of rbees");
}

}  // namespace rbees::kernel
