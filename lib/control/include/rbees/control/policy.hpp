#pragma once
/// @file
/// What the configuration says to the control.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "rbees/base/time.hpp"
#include "rbees/contracts/options.hpp"

namespace rbees::control {

/// What happens to a task when as many wait as `queue.capacity` allows.
enum class QueuePolicy : std::uint8_t {
    reject,    ///< it is refused
    drop_lru,  ///< the batch task that has waited longest leaves for it
};

/// A value; the option that sets a member stands beside it.
struct Policy {
    Duration load_deadline = contracts::default_duration("models.load_deadline");
    std::size_t queue_capacity = 1024;  ///< queue.capacity
    Duration queue_wait = contracts::default_duration("queue.wait");
    QueuePolicy queue_policy = QueuePolicy::reject;                     ///< queue.policy
    Duration tasks_lease = contracts::default_duration("tasks.lease");  ///< of the workers
    Duration tasks_retain = contracts::default_duration("tasks.retain");
    Duration sessions_retain = contracts::default_duration("sessions.retain");
    Duration heartbeat_interval = contracts::default_duration("heartbeat.interval");
    std::uint32_t heartbeat_missed = 3;                                             ///< heartbeat.missed
    Duration worker_stop_grace = contracts::default_duration("worker.stop_grace");  ///< of the pool managers
    std::function<std::string()> default_model = [] { return std::string(); };  ///< that is meant where none is named
};

}  // namespace rbees::control
