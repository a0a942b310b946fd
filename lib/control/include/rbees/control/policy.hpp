#pragma once
/// @file
/// What the configuration says to the control.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "rbees/base/time.hpp"

namespace rbees::control {

/// What happens to a task when as many wait as `queue.capacity` allows.
enum class QueuePolicy : std::uint8_t {
    reject,    ///< it is refused
    drop_lru,  ///< the batch task that has waited longest leaves for it
};

/// A value; the option that sets each member stands beside it.
struct Policy {
    Duration load_deadline = std::chrono::seconds(120);     ///< models.load_deadline
    std::size_t queue_capacity = 1024;                      ///< queue.capacity
    Duration queue_wait = std::chrono::seconds(300);        ///< queue.wait
    QueuePolicy queue_policy = QueuePolicy::reject;         ///< queue.policy
    Duration tasks_lease = std::chrono::seconds(60);        ///< tasks.lease, of the workers
    Duration tasks_retain = std::chrono::hours(24);         ///< tasks.retain
    Duration sessions_retain = std::chrono::days(7);        ///< sessions.retain
    Duration heartbeat_interval = std::chrono::seconds(2);  ///< heartbeat.interval
    std::uint32_t heartbeat_missed = 3;                     ///< heartbeat.missed
    Duration worker_stop_grace = std::chrono::seconds(30);  ///< worker.stop_grace, of the pool managers
    std::function<std::string()> default_model = [] { return std::string(); };  ///< that is meant where none is named
};

}  // namespace rbees::control
