#include "rbees/control/model_control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "rbees/control/catalogue_view.hpp"
#include "rbees/control/view_building.hpp"
#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

constexpr std::size_t sources_max = 16;

/// Nothing of it is there to be deleted.
std::unexpected<Problem> not_here(const ModelId& id) {
    return std::unexpected(Problem{.code = ErrorCode::MODEL_NOT_FOUND,
                                   .detail = fmt::format("model {} is not on disk, and not on its way", id.str()),
                                   .hint = "rbees models list"});
}

std::optional<Problem> fault_of(const std::vector<contracts::ModelSource>& sources) {
    for (std::size_t index = 0; index < sources.size(); ++index) {
        auto fault = pool::fault_of(sources.at(index));
        if (!fault) continue;
        return Problem{.code = ErrorCode::INVALID_PARAMS,
                       .detail = *fault,
                       .errors = {{fmt::format("/sources/{}", index), std::move(*fault)}}};
    }
    return std::nullopt;
}

/// Of its file, or of a download that runs.
bool has_told_of(const contracts::NodeStatus& status, const ModelId& model) {
    const bool is_coming = std::ranges::any_of(status.downloads, [&](const contracts::DownloadReport& report) {
        return report.model == model && report.state == contracts::DownloadState::running;
    });
    const auto& files = status.models;
    return is_coming || std::ranges::find(files, model, &contracts::ModelReport::model) != files.end();
}

bool is_added_or_known(const orchestrator::Fleet& fleet, const ModelId& id) {
    return fleet.models().contains(id) || pool::find_in_catalogue(id) != nullptr;
}

}  // namespace

void ModelControl::answer_view(const ModelId& model, const ModelReply& reply) {
    fleet_.when_durable([this, model, reply] {
        auto view = model_view(fleet_, model.str());
        if (!view) return reply(std::unexpected(orchestrator::no_model(model.str())));
        reply(std::move(*view));
    });
}

void ModelControl::add(const contracts::AddModel& model, ModelReply reply) {
    if (!pool::is_slug(model.id.str())) {
        return reply(std::unexpected(
            Problem{.code = ErrorCode::INVALID_PARAMS,
                    .detail = "a model's id is 1 to 96 of a-z, 0-9 and ._:- and starts with a letter or digit",
                    .errors = {{"/id", "is not a valid id"}}}));
    }
    if (model.sources.empty() || model.sources.size() > sources_max) {
        return reply(std::unexpected(
            Problem{.code = ErrorCode::INVALID_PARAMS,
                    .detail = fmt::format("a model needs at least one source, and has {} at most", sources_max),
                    .errors = {{"/sources", fmt::format("must have 1 to {} elements", sources_max)}}}));
    }
    if (auto fault = fault_of(model.sources)) return reply(std::unexpected(std::move(*fault)));
    if (is_added_or_known(fleet_.state().fleet, model.id)) {
        return reply(std::unexpected(Problem{.code = ErrorCode::CONFLICT,
                                             .detail = fmt::format("there is a model {} already", model.id.str()),
                                             .hint = "choose another id, or delete that one"}));
    }
    const kernel::Command command{
        orchestrator::FleetCommand{orchestrator::AddModel{{model.id, model, world_.wall_now()}}}};
    fleet_.submit(command, [this, id = model.id, reply = std::move(reply)](const Done& done) {
        if (!done) return reply(std::unexpected(done.error()));
        answer_view(id, reply);
    });
}

void ModelControl::download(const std::string& reference, const contracts::FetchModel& action, ModelReply reply) {
    auto spec = resolve_model(fleet_.state().fleet, reference);
    if (!spec) return reply(std::unexpected(spec.error()));
    if (pool::is_simulated(spec->id)) return answer_view(spec->id, reply);
    const auto node = fleet_.choose_node(action.node);
    if (!node) return reply(std::unexpected(node.error()));
    auto pool = address_of(fleet_.presence(), *node);
    fleet_.forget_load_failure(spec->id);  // with other bytes it may load
    contracts::DownloadModel order;
    order.spec = *spec;
    order.verify = action.verify;
    fleet_.pools().download(
        std::move(*pool), std::move(order),
        [this, node = *node, id = spec->id, reply = std::move(reply)](const DownloadAnswer& answer) {
            if (!answer) return reply(std::unexpected(answer.error()));
            fleet_.note_download(node, *answer);
            answer_view(id, reply);
        });
}

void ModelControl::load(const std::string& reference, const contracts::ModelAction& action, ModelReply reply) {
    const auto model = fleet_.model_id(reference);
    if (!model) return reply(std::unexpected(model.error()));
    const auto workers = workers_of(*model, action.node);
    const bool is_there = std::ranges::any_of(workers, [&](const WorkerId& id) {
        return fleet_.state().fleet.find(id)->state != contracts::WorkerState::draining;
    });
    if (!is_there) {
        fleet_.forget_load_failure(*model);
        const auto ordered = fleet_.order_worker({.model = *model, .node = action.node});
        if (!ordered) return reply(std::unexpected(ordered.error()));
    }
    answer_view(*model, reply);
}

void ModelControl::unload(const std::string& reference, const contracts::ModelAction& action, ModelReply reply) {
    const auto model = fleet_.model_id(reference);
    if (!model) return reply(std::unexpected(model.error()));
    for (const auto& worker : workers_of(*model, action.node)) {
        fleet_.retire_worker(worker, "its model was unloaded", {});
    }
    answer_view(*model, reply);
}

void ModelControl::remove(const std::string& reference, DoneReply reply) {
    const auto id = fleet_.model_id(reference).value_or(ModelId(reference));
    const bool is_added = fleet_.state().fleet.models().contains(id);
    if (holders_of(id).empty() && workers_of(id, std::nullopt).empty() && !is_added) return reply(not_here(id));
    for (const auto& worker : workers_of(id, std::nullopt)) {
        fleet_.retire_worker(worker, "its model is deleted", {});
    }
    removals_.push_back({.model = id, .deadline = world_.now() + removal_wait_, .reply = std::move(reply)});
    look();
}

void ModelControl::look() {
    auto waiting = std::exchange(removals_, {});
    for (auto& removal : waiting) {
        if (workers_of(removal.model, std::nullopt).empty()) {
            auto holders = holders_of(removal.model);
            const bool is_added = fleet_.state().fleet.models().contains(removal.model);
            remove_files({removal.model, std::move(holders), is_added, std::move(removal.reply)});
        } else if (world_.now() < removal.deadline) {
            timer_->set(removal.deadline, [this] { look(); });
            removals_.push_back(std::move(removal));
        } else {
            removal.reply(std::unexpected(Problem{.code = ErrorCode::CONFLICT,
                                                  .detail = "the model's workers have not ended yet",
                                                  .hint = "try again; rbees workers list shows them"}));
        }
    }
}

/// One pool manager after the other; the model is forgotten when the last has deleted its file.
void ModelControl::remove_files(Removing removing) {
    if (removing.holders.empty()) {
        if (!removing.was_there) return removing.reply(not_here(removing.model));
        const kernel::Command forget{orchestrator::FleetCommand{orchestrator::RemoveModel{removing.model}}};
        return fleet_.submit(forget, std::move(removing.reply));
    }
    auto [pool, is_known] = std::move(removing.holders.back());
    removing.holders.pop_back();
    const auto model = removing.model;
    auto then = [this, is_known, removing = std::move(removing)](const PoolAnswer& removed) mutable {
        const bool has_nothing = !removed && removed.error().code == ErrorCode::MODEL_NOT_FOUND;
        const bool is_refused = !removed && !has_nothing;
        // A node that does not answer, and has told of nothing, keeps nobody from the rest.
        const bool is_in_doubt = is_refused && !is_known && removed.error().code == ErrorCode::POOL_UNAVAILABLE;
        if (is_refused && !is_in_doubt) return removing.reply(std::unexpected(removed.error()));
        removing.was_there = removing.was_there || is_known || removed.has_value();
        remove_files(std::move(removing));
    };
    fleet_.pools().remove_model(std::move(pool), model, std::move(then));
}

std::vector<WorkerId> ModelControl::workers_of(const ModelId& model, const std::optional<NodeId>& node) const {
    std::vector<WorkerId> workers;
    for (const auto& [id, worker] : fleet_.state().fleet.workers()) {
        if (worker.model == model && (!node || worker.node == *node)) workers.push_back(id);
    }
    return workers;
}

std::vector<ModelControl::Holder> ModelControl::holders_of(const ModelId& model) const {
    std::vector<Holder> holders;
    for (const auto& [id, presence] : fleet_.presence().nodes()) {
        auto pool = address_of(fleet_.presence(), id);
        if (!pool) continue;
        holders.push_back({std::move(*pool), has_told_of(presence.status, model)});
    }
    return holders;
}

}  // namespace rbees::control
