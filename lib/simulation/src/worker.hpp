#pragma once
/// @file
/// A worker: the real book of executions, and an engine that generates planned answers at a steady pace.

#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "answer.hpp"
#include "channel.hpp"
#include "rbees/control/worker_port.hpp"
#include "rbees/pool_core/execution_book.hpp"
#include "stage.hpp"

namespace rbees::simulation {

struct WorkerSpec {
    WorkerId id;
    ModelId model;
    std::uint32_t slots = 1;
    Host host = first_node;
    Duration load_time{};
    bool loads = true;  ///< else its load fails
};

using WorkerAnswer = std::expected<void, control::WorkerRefusal>;
using AckAnswer = std::expected<Duration, control::WorkerRefusal>;
using EventChannel = Channel<pool::ExecutionEvent>;
using AttachAnswer = std::expected<std::shared_ptr<EventChannel>, control::WorkerRefusal>;

class WorkerProcess {
  public:
    WorkerProcess(Stage& stage, WorkerSpec spec);

    [[nodiscard]] Process& process() { return process_; }
    [[nodiscard]] const WorkerSpec& spec() const { return spec_; }
    [[nodiscard]] std::string url() const { return "http://" + process_.name(); }
    [[nodiscard]] bool is_ready() const { return process_.is_up() && is_loaded_; }
    [[nodiscard]] std::size_t executions() const { return process_.is_up() ? book_.size() : 0; }
    [[nodiscard]] std::size_t running() const { return process_.is_up() ? running_ : 0; }

    /// `loaded` is called when it has loaded its model, or could not.
    void start(std::function<void()> loaded);
    void die();

    /// Takes nothing new, and ends when nothing runs.
    void drain();

    // Its routes. Each is answered once, unless it dies.
    [[nodiscard]] WorkerAnswer execute(orchestrator::Epoch epoch, const contracts::Execute& order);
    [[nodiscard]] AttachAnswer attach(Process& reader, const control::AttemptKey& key,
                                      std::optional<std::uint64_t> after);
    [[nodiscard]] AckAnswer acknowledge(const control::AttemptKey& key, const contracts::Acknowledge& what);
    void cancel(const control::AttemptKey& key);

    /// A whole answer at once, as /v1 asks for it.
    void chat(orchestrator::Epoch epoch, const PlannedAnswer& answer, std::function<void(WorkerAnswer)> reply);

  private:
    using Key = pool::ExecutionKey;
    struct Generation {
        PlannedAnswer answer;
        std::uint64_t made = 0;
        bool runs = false;  ///< it has a slot
        bool is_paused = false;
    };

    [[nodiscard]] std::optional<control::WorkerRefusal> refusal(orchestrator::Epoch epoch);
    void check_ahead(const contracts::Execute& order);
    void check_order(const contracts::Execute& order, bool is_new);
    void check_continuation(const contracts::Execute& order, const PlannedAnswer& answer);
    void begin(const Key& key, const contracts::Execute& order);
    void run_next();
    void tick(const Key& key);
    void resume(const Key& key, Generation& generation);
    void push(const Key& key, Generation& generation, pool::ExecutionEvent event);
    void end(const Key& key, Generation& generation);
    void drop(const Key& key);
    void free_slot();
    void watch_leases();
    void expire();
    void end_if_drained();

    Stage& stage_;
    WorkerSpec spec_;
    Process process_;
    Random random_;
    pool::ExecutionBook book_;
    Duration token_time_;
    bool is_loaded_ = false;
    bool is_draining_ = false;
    bool watches_leases_ = false;
    std::uint32_t running_ = 0;
    orchestrator::Epoch newest_epoch_{};
    std::map<Key, Generation> generations_;
    std::deque<Task> waiting_;  ///< for a slot
    std::multimap<Key, EventChannel::Sender> readers_;
    std::map<JobId, std::uint32_t> newest_;  ///< attempts that began here
};

}  // namespace rbees::simulation
