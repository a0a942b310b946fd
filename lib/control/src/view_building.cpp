#include "rbees/control/view_building.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "rbees/control/catalogue_view.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::control {
namespace {

using contracts::ModelView;
using contracts::NodeState;
using contracts::WorkerState;

/// The default first, then by id.
void order_models(std::vector<orchestrator::UsableModel>& models, const std::string& wanted_default) {
    std::ranges::sort(models, {}, &orchestrator::UsableModel::id);
    const auto move_to_front = [&](const ModelId& id) {
        const auto found = std::ranges::find(models, id, &orchestrator::UsableModel::id);
        if (found != models.end()) std::rotate(models.begin(), found, std::next(found));
        return found != models.end();
    };
    if (!wanted_default.empty() && move_to_front(ModelId(wanted_default))) return;
    for (const auto& id : pool::default_models()) {
        if (move_to_front(id)) return;
    }
    const auto chat = std::ranges::find(models, contracts::ModelKind::chat, &orchestrator::UsableModel::kind);
    if (chat != models.end()) std::rotate(models.begin(), chat, std::next(chat));
}

void fill_from_report(contracts::WorkerView& view, const contracts::WorkerReport& report) {
    view.load_progress = report.load_progress;
    view.memory = report.memory;
    view.pid = report.pid;
    view.device = report.device;
}

/// Workers on a node's ports that nobody can prove to be ours: shown, never touched.
void add_orphans(const FleetControl& fleet, std::vector<contracts::WorkerView>& views) {
    for (const auto& [id, node] : fleet.presence().nodes()) {
        for (const auto& report : node.status.workers) {
            if (!report.orphan) continue;
            contracts::WorkerView view;
            view.id = report.worker_id;
            view.node = id;
            view.model = report.model;
            view.state = report.state;
            view.url = report.url;
            view.reason = report.reason;
            view.orphan = true;
            fill_from_report(view, report);
            views.push_back(std::move(view));
        }
    }
}

ModelView model_view_of(const contracts::ModelSpec& spec) {
    ModelView view;
    view.id = spec.id;
    view.name = spec.name;
    view.kind = spec.kind;
    view.license = spec.license;
    view.parameters = spec.parameters;
    view.quantization = spec.quantization;
    view.size = spec.size;
    return view;
}

/// What nodes report about models, by model.
class ModelFacts {
  public:
    explicit ModelFacts(const FleetControl& fleet) : fleet_(fleet) {}

    void complete(ModelView& view) const {
        for (const auto& [id, node] : fleet_.presence().nodes()) {
            if (node.state == NodeState::lost) continue;
            add_files(view, id, node.status);
            add_download(view, node.status);
        }
        for (const auto& [id, worker] : fleet_.state().fleet.workers()) {
            if (worker.model == view.id) view.workers.push_back(id);
        }
        view.on_disk = !view.nodes.empty() || pool::is_simulated(view.id);
        view.is_default = fleet_.view().default_model == view.id;
        add_load_failure(view);
    }

  private:
    static void add_files(ModelView& view, const NodeId& node, const contracts::NodeStatus& status) {
        for (const auto& file : status.models) {
            if (file.model != view.id) continue;
            view.nodes.push_back(node);
            view.size = file.size;
            view.kind = file.kind;
        }
    }

    static void add_download(ModelView& view, const contracts::NodeStatus& status) {
        for (const auto& download : status.downloads) {
            const bool is_running = view.download && view.download->state == contracts::DownloadState::running;
            if (download.model == view.id && !is_running) view.download = download;
        }
    }

    void add_load_failure(ModelView& view) const {
        const auto failure = fleet_.load_failure(view.id);
        if (!failure) return;
        const auto age = std::chrono::floor<std::chrono::milliseconds>(fleet_.world().now() - failure->at);
        view.load_failure = {.code = failure->problem.code,
                             .detail = failure->problem.detail,
                             .hint = failure->problem.hint,
                             .age_ms = static_cast<std::uint64_t>(age.count())};
    }

    const FleetControl& fleet_;
};

/// Every model that has something to show: known ones, and those that nodes hold or move under other ids.
std::map<ModelId, ModelView> all_models(const FleetControl& fleet) {
    std::map<ModelId, ModelView> views;
    for (const auto& spec : known_models(fleet.state().fleet)) {
        views.emplace(spec.id, model_view_of(spec));
    }
    const auto add = [&](const ModelId& id) {
        if (views.contains(id)) return;
        auto spec = resolve_model(fleet.state().fleet, id.str());
        if (!spec) spec = contracts::ModelSpec{.id = id, .name = id.str(), .license = "unknown"};
        views.emplace(id, model_view_of(*spec));
    };
    for (const auto& [node_id, node] : fleet.presence().nodes()) {
        for (const auto& file : node.status.models)
            add(file.model);
        for (const auto& download : node.status.downloads) {
            // Stopped by deleting the model: nothing of it is left.
            if (download.state != contracts::DownloadState::cancelled) add(download.model);
        }
    }
    for (const auto& [id, worker] : fleet.state().fleet.workers())
        add(worker.model);
    if (!fleet.view().default_model.empty()) add(fleet.view().default_model);
    return views;
}

}  // namespace

bool is_connected(const orchestrator::Presence& presence, const NodeId& node) {
    const auto* found = presence.find(node);
    return found != nullptr && found->state != NodeState::lost;
}

std::vector<orchestrator::UsableModel> usable_models(const kernel::State& state, const orchestrator::Presence& presence,
                                                     const std::string& wanted_default) {
    std::map<ModelId, orchestrator::UsableModel> usable;
    for (const auto& [id, node] : presence.nodes()) {
        if (node.state == NodeState::lost) continue;
        const auto* entity = state.fleet.find(id);
        const auto since = entity == nullptr ? WallTime{} : entity->registered_at;
        for (const auto& file : node.status.models) {
            usable.try_emplace(file.model, file.model, file.kind, since);
        }
    }
    for (const auto& [id, worker] : state.fleet.workers()) {
        if (worker.state != WorkerState::ready) continue;
        usable.try_emplace(worker.model, worker.model, worker.kind.value_or(contracts::ModelKind::chat),
                           worker.created_at);
    }
    if (pool::is_simulated(ModelId(wanted_default))) {
        usable.try_emplace(ModelId(wanted_default), ModelId(wanted_default), contracts::ModelKind::chat, WallTime{});
    }
    std::vector<orchestrator::UsableModel> models;
    for (auto& [id, model] : usable) {
        models.push_back(std::move(model));
    }
    order_models(models, wanted_default);
    return models;
}

std::optional<contracts::NodeView> node_view(const FleetControl& fleet, const NodeId& id) {
    const auto* node = fleet.state().fleet.find(id);
    if (node == nullptr) return std::nullopt;
    contracts::NodeView view;
    view.id = node->id;
    view.kind = node->kind;
    view.name = node->name;
    view.url = node->url;
    view.version = node->version;
    view.registered_at = node->registered_at;
    view.reason = "it has not registered since rbees-orcd started";
    if (const auto* presence = fleet.presence().find(id)) {
        view.state = presence->state;
        view.reason = presence->reason;
        view.devices = presence->status.devices;
        view.models = presence->status.models;
    }
    if (node->draining && view.state == NodeState::ready) {
        view.state = NodeState::draining;
        view.reason = "it was asked to drain";
    }
    for (const auto& [worker_id, worker] : fleet.state().fleet.workers()) {
        if (worker.node == id) view.workers.push_back(worker_id);
    }
    return view;
}

std::vector<contracts::NodeView> node_views(const FleetControl& fleet) {
    std::vector<contracts::NodeView> views;
    for (const auto& [id, node] : fleet.state().fleet.nodes()) {
        views.push_back(*node_view(fleet, id));
    }
    return views;
}

contracts::WorkerView worker_view_of(const orchestrator::Worker& worker) {
    contracts::WorkerView view;
    view.id = worker.id;
    view.node = worker.node;
    view.model = worker.model;
    view.state = worker.state;
    view.url = worker.url;
    view.slots = worker.slots.value_or(0);
    view.context = worker.context;
    view.kind = worker.kind;
    view.reason = worker.reason;
    view.started_at = worker.created_at;
    return view;
}

std::optional<contracts::WorkerView> worker_view(const FleetControl& fleet, const WorkerId& id) {
    const auto* worker = fleet.state().fleet.find(id);
    if (worker == nullptr) return std::nullopt;
    auto view = worker_view_of(*worker);
    if (const auto* report = fleet.presence().report_of(*worker)) fill_from_report(view, *report);
    if (const auto* life = fleet.life_of(id); life != nullptr && life->slots) view.slots_busy = life->slots->used();
    return view;
}

std::vector<contracts::WorkerView> worker_views(const FleetControl& fleet) {
    std::vector<contracts::WorkerView> views;
    for (const auto& [id, worker] : fleet.state().fleet.workers()) {
        views.push_back(*worker_view(fleet, id));
    }
    add_orphans(fleet, views);
    return views;
}

std::vector<contracts::ModelView> model_views(const FleetControl& fleet) {
    std::vector<contracts::ModelView> views;
    const ModelFacts facts(fleet);
    for (auto& [id, view] : all_models(fleet)) {
        facts.complete(view);
        views.push_back(std::move(view));
    }
    return views;
}

std::optional<contracts::ModelView> model_view(const FleetControl& fleet, const std::string& reference) {
    const auto spec = resolve_model(fleet.state().fleet, reference);
    const auto id = spec ? spec->id : ModelId(reference);
    auto views = all_models(fleet);
    auto found = views.find(id);
    auto view = found != views.end() ? std::move(found->second) : ModelView{};
    if (found == views.end()) {
        if (!spec) return std::nullopt;
        view = model_view_of(*spec);
    }
    ModelFacts(fleet).complete(view);
    return view;
}

}  // namespace rbees::control
