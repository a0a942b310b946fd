#pragma once
/// @file
/// What a run does: its clients and its faults, all drawn from the seed before it starts, so that they can be printed
/// and left out one by one.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/enum.hpp>

#include "rbees/base/time.hpp"
#include "rbees/control/policy.hpp"

namespace rbees::simulation {

enum class FaultKind : std::uint8_t {
    orcd_crash,        ///< rbees-orcd dies and starts again
    torn_commit,       ///< it dies while a commit is under way
    failed_commit,     ///< a commit fails, and nobody knows what is on disk: it must die
    orcd_freeze,       ///< it is stopped for a while
    pool_crash,        ///< a pool manager dies and starts again; its workers live
    pool_freeze,       ///< it is stopped for a while
    worker_crash,      ///< a worker dies
    worker_freeze,     ///< a worker is stopped, perhaps for longer than its leases
    node_reboot,       ///< a pool manager and all its workers die
    everything_crash,  ///< all processes of the house die
    cut_both,          ///< a node cannot be reached, nor can it reach
    cut_to_node,       ///< what is sent to a node does not arrive
    cut_from_node,     ///< what a node sends does not arrive
    cut_clients,       ///< clients and rbees-orcd do not reach each other
    loss,              ///< requests and answers are lost
    duplicates,        ///< requests come twice
    reordering,        ///< messages overtake each other
    slow_network,      ///< everything takes long
    slow_disk,         ///< commits take long
    full_disk,         ///< batches are refused, by urgency
    clock_jump,        ///< the wall clock of rbees-orcd is set
    worker_stop,       ///< somebody stops a worker: it drains
    load_failure,      ///< models cannot be loaded for a while
    clients_leave,     ///< all readers' connections break
    late_command,      ///< what an attempt said before it was over arrives once more
};
BOOST_DESCRIBE_ENUM(FaultKind, orcd_crash, torn_commit, failed_commit, orcd_freeze, pool_crash, pool_freeze,
                    worker_crash, worker_freeze, node_reboot, everything_crash, cut_both, cut_to_node, cut_from_node,
                    cut_clients, loss, duplicates, reordering, slow_network, slow_disk, full_disk, clock_jump,
                    worker_stop, load_failure, clients_leave, late_command)

struct Fault {
    Duration at{};  ///< since the start of the run
    FaultKind kind{};
    std::uint32_t target = 0;  ///< which node, or worker
    Duration lasts{};
    std::uint64_t amount = 0;  ///< of what the kind can have much of
};

enum class ClientKind : std::uint8_t {
    task,     ///< submits a durable task, and reads its stream to the end
    chat,     ///< asks once, as /v1 does, and goes away if the answer takes too long
    session,  ///< opens a session for tasks, and perhaps closes it
};

struct ClientPlan {
    Duration at{};
    ClientKind kind = ClientKind::task;
    std::string prompt;
    std::uint32_t tokens_max = 1;
    std::uint32_t owner = 0;
    std::string model;
    bool is_batch = false;
    bool has_key = false;  ///< Idempotency-Key: the submission is repeated until it is answered
    std::optional<std::uint32_t> seed;
    std::optional<std::string> session;
    std::optional<Duration> deadline;
    std::optional<Duration> cancel_after;
    std::optional<std::uint64_t> budget;   ///< of the session that it opens, in tokens
    std::optional<Duration> closes_after;  ///< the session
    bool cancels_tasks = false;            ///< when it closes the session
};

/// What people set, to try loads and policies of their own.
struct Options {
    std::uint32_t nodes = 3;
    std::uint32_t workers = 4;  ///< somebody keeps so many running
    std::uint32_t slots = 2;    ///< of each
    std::uint32_t faults = 24;
    std::uint32_t clients = 60;
    std::uint32_t sessions = 6;  ///< that somebody opens before tasks name them; others are opened by tasks
    std::uint64_t steps_min = 2'000;
    Duration disturbed = std::chrono::minutes(5);  ///< clients come and faults happen for so long
    Duration sessions_retain = std::chrono::minutes(1);
    Duration token_time = std::chrono::milliseconds(250);
    Duration commit_time = std::chrono::milliseconds(2);
    std::uint32_t tokens_max = 40;  ///< of an answer
    std::uint32_t batch_per_mille = 300;
    std::uint32_t chat_per_mille = 200;
    std::size_t queue_capacity = 1'024;
    control::QueuePolicy queue_policy = control::QueuePolicy::reject;
};

struct Plan {
    std::uint64_t seed = 0;
    Options options;
    std::vector<Fault> faults;        ///< by time
    std::vector<ClientPlan> clients;  ///< by time
};

[[nodiscard]] Plan draw_plan(std::uint64_t seed, const Options& options);

/// One line for each fault and each client.
[[nodiscard]] std::string to_text(const Plan& plan);
[[nodiscard]] std::string to_text(const Fault& fault);

}  // namespace rbees::simulation
