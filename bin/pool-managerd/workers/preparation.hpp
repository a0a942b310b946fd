#pragma once
/// @file
/// From an order to a worker that can be launched: model, device, memory, port, secret, command line.

#include <cstdint>
#include <deque>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "models/model_store.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/workers.hpp"
#include "workers/live_worker.hpp"

namespace rbees::poold {

struct WorkerPoolSettings {
    std::filesystem::path program;  ///< rbees-workerd
    std::filesystem::path logs;
    std::filesystem::path records;
    pool::WorkerLimits limits;
    std::uint32_t slots = 4;
    std::uint64_t context = 0;  ///< 0: the model's own
    std::uint32_t threads = 0;  ///< 0: measured
    Duration lease = contracts::default_duration("tasks.lease");
    LogLevel log_level = LogLevel::info;
    daemon::LogLimits log_limits;
};

using LiveWorkers = std::deque<std::shared_ptr<LiveWorker>>;

/// What an order is checked against.
struct Surroundings {
    const ModelStore& store;
    const WorkerPoolSettings& settings;
    const std::vector<contracts::Device>& devices;
    const LiveWorkers& workers;                  ///< their ports and memory are taken
    const std::set<std::uint16_t>& other_ports;  ///< listeners of the house
    const std::function<bool(std::uint16_t)>& is_port_free;
    const std::string& callback_url;
};

/// What is said when `choose_port` finds none.
inline constexpr auto no_port_left = "every port from 8001 to 8999 is taken";

/// The first port for a worker that is free, and neither one of theirs nor one of the house.
[[nodiscard]] std::optional<std::uint16_t> choose_port(const LiveWorkers& workers,
                                                       const std::set<std::uint16_t>& other_ports,
                                                       const std::function<bool(std::uint16_t)>& is_port_free);

[[nodiscard]] std::shared_ptr<LiveWorker> find_worker(const LiveWorkers& workers, const WorkerId& id);

/// Whose spawn secret that is.
[[nodiscard]] std::optional<WorkerId> owner_of(const LiveWorkers& workers, std::string_view secret);

/// How many of them have a process, or will have.
[[nodiscard]] std::size_t running(const LiveWorkers& workers);
[[nodiscard]] std::set<WorkerId> running_ids(const LiveWorkers& workers);
[[nodiscard]] std::set<std::uint16_t> running_ports(const LiveWorkers& workers);

/// Drops the oldest finished ones until so many of these are left.
void forget_old(LiveWorkers& workers, std::size_t finished_max);

/// When time has something to do next with one of them.
[[nodiscard]] std::optional<Instant> next_deadline(const LiveWorkers& workers);

/// A worker of an earlier run, of which only the record is known.
[[nodiscard]] std::shared_ptr<LiveWorker> recorded_worker(WorkerRecord record, const pool::WorkerLimits& limits);

/// Refuses with what is missing, and the numbers.
[[nodiscard]] std::expected<std::shared_ptr<LiveWorker>, contracts::Problem> prepare_worker(
    const contracts::SpawnWorker& order, const Surroundings& surroundings);

}  // namespace rbees::poold
