#pragma once
/// @file
/// The control thread's parts in virtual time, with a journal of memory and nodes that nobody listens at.

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <utility>

#include "no_pools.hpp"
#include "rbees/control/demand.hpp"
#include "virtual_world.hpp"

namespace rbees::control {

/// A journal that has everything on disk at once, or when the test says so.
class MemoryJournal : public kernel::JournalPort {
  public:
    [[nodiscard]] std::expected<void, kernel::JournalRefusal> admits(kernel::Urgency urgency) const override {
        if (is_full && urgency == kernel::Urgency::ordinary) return std::unexpected(kernel::JournalRefusal::full);
        return {};
    }
    void append(kernel::JournalBatch, std::function<void()> durable) override {
        if (!is_slow) return durable();
        waiting_.push_back(std::move(durable));
    }

    /// Everything that was written so far is on disk.
    void commit() {
        for (auto& durable : std::exchange(waiting_, {})) {
            durable();
        }
    }

    bool is_slow = false;
    bool is_full = false;

  private:
    std::deque<std::function<void()>> waiting_;
};

/// Nodes that are never found silent.
inline Policy patient_policy() {
    Policy policy;
    policy.heartbeat_interval = std::chrono::hours(1'000);
    return policy;
}

class ControlHouse {
  public:
    explicit ControlHouse(Policy chosen = patient_policy(), kernel::State recovered = {},
                          kernel::JournalPort* other_journal = nullptr)
        : policy(std::move(chosen)),
          fleet({world, pools, other_journal == nullptr ? journal : *other_journal, {}}, policy, std::move(recovered)) {
        fleet.start([](const auto&) {},
                    [this] {
                        demand.look();
                        if (also_look) also_look();
                    });
    }

    /// What the node tells when it registers.
    void node_has(const std::string& name, const contracts::WorkerReport& worker) {
        statuses_[name].workers.push_back(worker);
    }

    /// A node with those models on disk and plenty of memory registers.
    void node_registers(const std::string& name, const std::vector<std::string>& models) {
        contracts::NodeRegistration registration;
        registration.node_id = NodeId(name);
        registration.name = name;
        registration.url = "http://127.0.0.1:1";  // nobody is there: orders are lost
        auto& status = statuses_[name];
        contracts::Device device;
        device.memory_free = mebibytes(64'000);
        status.devices.push_back(device);
        for (const auto& model : models) {
            status.models.push_back({.model = ModelId(model), .size = mebibytes(100), .sha256 = "", .kind = {}});
        }
        registration.status = status;
        fleet.register_node(registration, [this](const auto& registered) {
            if (registered) orchestrator_ = registered->orchestrator;
        });
    }

    /// The worker's process has ended; its node says so.
    void worker_dies(const std::string& name, const std::string& worker) {
        std::erase_if(statuses_[name].workers, [&](const auto& known) { return known.worker_id == WorkerId(worker); });
        node_reports(name);
    }

    /// The node tells what it has, and that the worker is so.
    std::optional<contracts::Problem> node_reports(const std::string& name, const contracts::WorkerReport& worker) {
        auto& status = statuses_[name];
        std::erase_if(status.workers, [&](const auto& known) { return known.worker_id == worker.worker_id; });
        status.workers.push_back(worker);
        return node_reports(name);
    }
    std::optional<contracts::Problem> node_reports(const std::string& name) {
        ++statuses_[name].sequence;
        std::optional<contracts::Problem> refusal;
        fleet.heartbeat(NodeId(name), {.orchestrator = orchestrator_, .hold_ms = 0, .status = statuses_[name]},
                        [&](const auto& answer) {
                            if (!answer) refusal = answer.error();
                        });
        return refusal;
    }

    static contracts::WorkerReport ready(const std::string& worker, const std::string& model, std::uint32_t slots) {
        contracts::WorkerReport report;
        report.worker_id = WorkerId(worker);
        report.model = ModelId(model);
        report.state = contracts::WorkerState::ready;
        report.url = "http://127.0.0.1:1";
        report.secret = "secret of " + worker;
        report.slots = slots;
        return report;
    }

    /// A request waits under that number.
    void request(std::uint64_t number, const std::string& model) {
        demand.wait_for_slot(orchestrator::WaitId{number}, ModelId(model), TokenId("somebody"),
                             [this, number](SlotAnswer answer) {
                                 EXPECT_FALSE(answers.contains(number)) << "answered twice";
                                 answers.insert_or_assign(number, std::move(answer));
                             });
    }

    /// A request waits under that number for the nodes that are still to come.
    void ask_for_nodes(std::uint64_t number) {
        demand.wait_for_nodes(orchestrator::WaitId{number},
                              [this, number](const Done& done) { arrivals.emplace(number, done); });
    }

    [[nodiscard]] bool is_served(std::uint64_t number) const {
        return answers.contains(number) && answers.at(number).has_value();
    }
    [[nodiscard]] std::optional<contracts::Problem> refusal_of(std::uint64_t number) const {
        if (!answers.contains(number) || answers.at(number)) return std::nullopt;
        return answers.at(number).error();
    }
    [[nodiscard]] std::optional<contracts::ErrorCode> code_of(std::uint64_t number) const {
        const auto refusal = refusal_of(number);
        return refusal ? std::optional(refusal->code) : std::nullopt;
    }

    [[nodiscard]] std::vector<WorkerId> workers() const {
        std::vector<WorkerId> ids;
        for (const auto& [id, worker] : fleet.state().fleet.workers()) {
            ids.push_back(id);
        }
        return ids;
    }

    /// Lets time pass until it is so, a day at most. True if it is so.
    bool run_until(const std::function<bool()>& is_so) {
        const auto limit = world.now() + std::chrono::hours(24);
        while (!is_so() && world.now() < limit && world.step()) {
        }
        return is_so();
    }

    VirtualWorld world;
    NoPools pools;
    Policy policy;
    MemoryJournal journal;
    FleetControl fleet;
    Demand demand{fleet, policy};
    std::function<void()> also_look;
    std::map<std::uint64_t, SlotAnswer> answers;
    std::map<std::uint64_t, Done> arrivals;

  private:
    std::string orchestrator_;
    std::map<std::string, contracts::NodeStatus> statuses_;
};

}  // namespace rbees::control
