#include "rbees/control/fleet_control.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "rbees/base/assert.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/control/catalogue_view.hpp"
#include "rbees/control/view_building.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using contracts::WorkerState;

/// The first epoch of every worker; retiring it gives the second and last.
constexpr orchestrator::Epoch first_epoch{1};

/// A worker that could not be reached gets nothing for so long; if it is dead, its pool manager says so much sooner.
/// The pause doubles each time, up to the longest, until the worker is reached.
constexpr Duration avoid_pause_min = std::chrono::seconds(3);
constexpr Duration avoid_pause_max = std::chrono::seconds(48);

/// From this pause on the worker is nobody's hope: its pool manager may reach it, we do not, so another is loaded.
constexpr Duration given_up_pause = std::chrono::seconds(12);

orchestrator::Node node_of(const contracts::NodeRegistration& registration, WallTime at) {
    orchestrator::Node node;
    node.id = registration.node_id;
    node.kind = registration.kind;
    node.name = registration.name;
    node.url = registration.url;
    node.version = registration.version;
    node.registered_at = at;
    return node;
}

}  // namespace

FleetControl::FleetControl(Ports ports, const Policy& policy, kernel::State recovered)
    : world_(ports.world),
      pools_(ports.pools),
      policy_(policy),
      log_(std::move(ports.log)),
      started_at_(world_.now()),
      orchestrator_(world_.new_uuid()),
      presence_({.interval = policy.heartbeat_interval, .missed = policy.heartbeat_missed}),
      loop_(std::move(recovered), ports.journal, [this](const kernel::Effect& effect) { run_effect(effect); }),
      view_(std::make_shared<orchestrator::FleetView>()),
      heartbeat_timer_(world_.timer()),
      unreachable_timer_(world_.timer()),
      node_wait_timer_(world_.timer()),
      orders_({.pools = pools_,
               .fleet = state().fleet,
               .presence = presence_,
               .refused = [this](const WorkerId& worker, const Problem& why) { load_refused(worker, why); },
               .had_ended =
                   [this](const WorkerId& worker) {
                       note(orchestrator::BuryWorker{worker, WorkerState::stopped, "it had ended already", {}});
                   },
               .log = log_}) {}

void FleetControl::start(Publish publish, std::function<void()> on_change) {
    publish_ = std::move(publish);
    on_change_ = std::move(on_change);
    changed();
    watch_heartbeats();
    node_wait_timer_->set(started_at_ + node_wait, [this] { changed(); });
}

void FleetControl::stop() {
    heartbeat_timer_->cancel();
    unreachable_timer_->cancel();
    node_wait_timer_->cancel();
}

void FleetControl::register_node(contracts::NodeRegistration registration,
                                 std::function<void(Checked<contracts::NodeRegistered>)> reply) {
    const auto id = registration.node_id;
    const kernel::Command admit{orchestrator::AdmitNode{node_of(registration, world_.wall_now())}};
    if (presence_.registered(registration, world_.now()) == orchestrator::Freshness::stale) {
        return reply(std::unexpected(Problem{.code = ErrorCode::CONFLICT,
                                             .detail = "what this node told later came before",
                                             .hint = "register again: POST /v2/nodes/register"}));
    }
    auto orders = orders_.owed_to(id);
    submit(admit, [this, id, name = registration.name, orders = std::move(orders),
                   reply = std::move(reply)](const Done& done) {
        if (!done) return reply(std::unexpected(done.error()));
        log_.info("node registered", {{"node", id.str()}, {"name", name}});
        const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(policy_.heartbeat_interval);
        reply(contracts::NodeRegistered{id, orchestrator_, static_cast<std::uint32_t>(interval.count())});
        crash_point(CrashPoint::node_registered);
        run_orders(orders);
    });
    apply_report(id);
    watch_heartbeats();
}

void FleetControl::heartbeat(const NodeId& node, const contracts::Heartbeat& heartbeat,
                             std::function<void(Checked<contracts::HeartbeatAnswer>)> reply) {
    const auto unknown = heartbeat.orchestrator != orchestrator_;
    const auto heard =
        unknown ? orchestrator::Freshness::unknown : presence_.heard(node, heartbeat.status, world_.now());
    if (heard == orchestrator::Freshness::unknown) {
        return reply(std::unexpected(Problem{.code = ErrorCode::CONFLICT,
                                             .detail = "this rbees-orcd does not know the node",
                                             .hint = "register again: POST /v2/nodes/register"}));
    }
    if (heard == orchestrator::Freshness::newer) apply_report(node);
    // Of this moment: what is decided later must not be told before it is on disk.
    auto missed = orders_.take_missed(node);
    if (!missed.empty()) loop_.when_durable([this, missed = std::move(missed)] { run_orders(missed); });
    watch_heartbeats();
    const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(policy_.heartbeat_interval);
    loop_.when_durable([reply = std::move(reply), next = static_cast<std::uint32_t>(interval.count())] {
        reply(contracts::HeartbeatAnswer{next});
    });
}

void FleetControl::node_disconnected(const NodeId& node) {
    presence_.disconnected(node);
    log_.warning("the connection of a node broke", {{"node", node.str()}});
    changed();
    watch_heartbeats();
}

void FleetControl::remove_node(const NodeId& node, DoneReply reply) {
    presence_.removed(node);
    submit(orchestrator::FleetCommand{orchestrator::RemoveNode{node}}, std::move(reply));
}

void FleetControl::submit(const kernel::Command& command, DoneReply reply) {
    loop_.submit(command, world_.wall_now(), [this, reply = std::move(reply)](const kernel::Loop::Outcome& outcome) {
        if (!outcome) log_.debug("refused", {{"detail", outcome.error().detail}});
        // Behind the picture that shows the change: a revoked token must not be taken after the answer.
        if (reply) loop_.when_durable([reply, outcome] { reply(outcome); });
    });
    changed();
}

void FleetControl::submit_unpictured(const kernel::Command& command, kernel::Loop::Reply reply) {
    loop_.submit(command, world_.wall_now(), std::move(reply));
}

void FleetControl::retire_worker(const WorkerId& worker, const std::string& reason, DoneReply reply) {
    submit(orchestrator::FleetCommand{orchestrator::RetireWorker{worker, reason}}, std::move(reply));
    // Where a full disk refuses it the worker stays, and serves on.
    const auto* known = state().fleet.find(worker);
    const auto life = lives_.find(worker);
    if (known == nullptr || known->state != WorkerState::draining || life == lives_.end()) return;
    if (life->second.slots) life->second.slots->retire();
}

void FleetControl::run_effect(const kernel::Effect& effect) {
    if (const auto* fleet = std::get_if<orchestrator::FleetEffect>(&effect)) return orders_.run(*fleet);
    RBEES_ASSERT(run_job_);
    run_job_(std::get<orchestrator::JobEffect>(effect));
}

void FleetControl::run_orders(const std::vector<orchestrator::FleetEffect>& orders) {
    for (const auto& order : orders) {
        orders_.run(order);
    }
}

void FleetControl::apply_report(const NodeId& node) {
    const auto* presence = presence_.find(node);
    for (const auto& command : reconcile_report(state().fleet, node, presence->status, world_.wall_now())) {
        note(command);
    }
    changed();
}

void FleetControl::note(const orchestrator::FleetCommand& command) {
    if (const auto* confirmed = std::get_if<orchestrator::ConfirmWorker>(&command)) {
        auto& life = lives_[confirmed->worker];
        const auto now = world_.now();
        if (life.ordered_at != Instant{}) life.load_time = now - life.ordered_at;
        life.last_busy = now;
        if (const auto* worker = state().fleet.find(confirmed->worker)) load_failures_.erase(worker->model);
    }
    if (const auto* buried = std::get_if<orchestrator::BuryWorker>(&command)) note_failure(*buried);
    submit(command, {});
}

/// The pool manager would not even start it: no worker has a log, and its own hint is the right one.
void FleetControl::load_refused(const WorkerId& id, const Problem& refusal) {
    const auto* worker = state().fleet.find(id);
    if (worker == nullptr) return;
    log_.info("worker refused", {{"worker", id.str()}, {"model", worker->model.str()}, {"reason", refusal.detail}});
    auto problem = refusal;
    problem.detail = fmt::format("model {} could not be loaded: {}", worker->model.str(), refusal.detail);
    note_load_failure(worker->model, std::move(problem));
    const orchestrator::BuryWorker bury{id, WorkerState::failed, refusal.detail, refusal.code};
    submit(orchestrator::FleetCommand{bury}, {});
}

void FleetControl::note_failure(const orchestrator::BuryWorker& command) {
    const auto* worker = state().fleet.find(command.worker);
    if (worker == nullptr) return;
    log_.info("worker ended", {{"worker", command.worker.str()},
                               {"model", worker->model.str()},
                               {"outcome", reflect::name_of(command.outcome)},
                               {"reason", command.reason}});
    if (worker->state == WorkerState::starting && command.outcome == WorkerState::failed) {
        note_load_failure(
            worker->model,
            {.code = command.error_code.value_or(ErrorCode::WORKER_START_FAILED),
             .detail = fmt::format("model {} could not be loaded: {}", worker->model.str(), command.reason),
             .hint = fmt::format("the worker's log says more: worker-{}.log in the home's logs folder",
                                 command.worker.str())});
    }
}

/// However a worker ended: no old picture gives a ticket for it.
void FleetControl::forget_ended_workers() {
    std::erase_if(lives_, [this](const auto& entry) {
        const auto& [id, life] = entry;
        if (state().fleet.find(id) != nullptr) return false;
        if (life.slots) life.slots->retire();
        return true;
    });
}

void FleetControl::changed() {
    forget_ended_workers();
    if (!publish_) return;
    // The picture of this moment: what is decided later must not be seen before it is on disk.
    loop_.when_durable([this, view = build_view()] { publish(view); });
}

void FleetControl::publish(const std::shared_ptr<const orchestrator::FleetView>& view) {
    view_ = view;
    publish_(view);
    orders_.run_postponed();
    on_change_();
}

std::shared_ptr<const orchestrator::FleetView> FleetControl::build_view() {
    auto view = std::make_shared<orchestrator::FleetView>();
    for (const auto& [id, worker] : state().fleet.workers()) {
        if (auto routable = routable_worker(worker)) view->workers.push_back(std::move(*routable));
    }
    view->models = usable_models(state(), presence_, policy_.default_model());
    if (!view->models.empty()) view->default_model = view->models.front().id;
    for (const auto& spec : known_models(state().fleet)) {
        view->catalogue.insert(spec.id);
    }
    for (const auto& [id, node] : presence_.nodes()) {
        view->nodes += node.state == contracts::NodeState::ready ? 1 : 0;
    }
    view->is_complete = view->nodes != 0 && (knows_all_nodes() || world_.now() >= started_at_ + node_wait);
    view->access = orchestrator::AccessView(state().access.tokens());
    return view;
}

std::optional<orchestrator::RoutableWorker> FleetControl::routable_worker(const orchestrator::Worker& worker) {
    const auto* report = presence_.report_of(worker);
    if (worker.state != WorkerState::ready || report == nullptr || !report->secret || !report->url) return std::nullopt;
    auto& life = lives_[worker.id];
    if (is_lost(worker.node, life)) return std::nullopt;
    const auto now = world_.now();
    if (now < life.avoid_until) return std::nullopt;
    if (!life.slots) {
        life.slots = std::make_shared<orchestrator::SlotCounter>(worker.slots.value_or(1), first_epoch);
    }
    if (life.slots->used() != 0) life.last_busy = now;
    orchestrator::RoutableWorker routable;
    routable.id = worker.id;
    routable.model = worker.model;
    routable.node = worker.node;
    routable.url = *report->url;
    routable.secret = *report->secret;
    routable.kind = worker.kind.value_or(contracts::ModelKind::chat);
    routable.context = worker.context.value_or(Tokens{});
    routable.slots = life.slots;
    return routable;
}

/// A silent pool manager says nothing of its workers, which live without it: one that answers itself is used on. But
/// one that failed since its node was last heard of is tried no more until the node is back.
bool FleetControl::is_lost(const NodeId& node, const WorkerLife& life) const {
    return !is_connected(presence_, node) && life.unreachable_at >= presence_.find(node)->heard_at;
}

void FleetControl::worker_unreachable(const WorkerId& worker) {
    const auto found = lives_.find(worker);
    const auto now = world_.now();
    if (found == lives_.end()) return;
    auto& life = found->second;
    life.unreachable_at = now;
    if (now < life.avoid_until) return;
    life.avoid_pause = std::clamp<Duration>(2 * life.avoid_pause, avoid_pause_min, avoid_pause_max);
    log_.warning("a worker cannot be reached", {{"worker", worker.str()}, {"pause", describe(life.avoid_pause)}});
    leave_alone(life, life.avoid_pause);
}

void FleetControl::worker_refused(const WorkerId& worker) {
    const auto life = lives_.find(worker);
    if (life != lives_.end() && life->second.avoid_until <= world_.now()) leave_alone(life->second, avoid_pause_min);
}

void FleetControl::worker_reached(const WorkerId& worker) {
    const auto life = lives_.find(worker);
    if (life != lives_.end()) life->second.avoid_pause = {};
}

bool FleetControl::is_given_up(const WorkerId& worker) const {
    const auto* life = life_of(worker);
    return life != nullptr && world_.now() < life->avoid_until && life->avoid_pause >= given_up_pause;
}

void FleetControl::leave_alone(WorkerLife& life, Duration pause) {
    life.avoid_until = world_.now() + pause;
    changed();
    watch_unreachable();
}

void FleetControl::watch_unreachable() {
    const auto now = world_.now();
    std::optional<Instant> next;
    for (const auto& [id, life] : lives_) {
        if (now < life.avoid_until) next = std::min(next.value_or(Instant::max()), life.avoid_until);
    }
    if (!next) return;
    unreachable_timer_->set(*next, [this] {
        changed();
        watch_unreachable();
    });
}

std::set<WorkerId> FleetControl::unreachable_workers() const {
    std::set<WorkerId> workers;
    const auto now = world_.now();
    for (const auto& [id, life] : lives_) {
        if (now < life.avoid_until) workers.insert(id);
    }
    return workers;
}

void FleetControl::watch_heartbeats() {
    const auto next = presence_.next_change();
    if (!next) return;
    heartbeat_timer_->set(*next, [this] {
        for (const auto& node : presence_.tick(world_.now())) {
            log_.warning("a node is silent", {{"node", node.str()}, {"reason", presence_.find(node)->reason}});
            changed();
        }
        watch_heartbeats();
    });
}

bool FleetControl::knows_all_nodes() const {
    return std::ranges::all_of(state().fleet.nodes(),
                               [this](const auto& entry) { return presence_.find(entry.first) != nullptr; });
}

const WorkerLife* FleetControl::life_of(const WorkerId& worker) const {
    const auto found = lives_.find(worker);
    return found == lives_.end() ? nullptr : &found->second;
}

}  // namespace rbees::control
