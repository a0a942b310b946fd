#pragma once
/// @file
/// Streams of tasks' events, as server-sent events, for one I/O thread.
///
/// A stream asks the control thread for what lies behind the last event that was written, is answered when there is
/// something on disk, and asks anew once the socket took it: a slow client gets larger pieces, and nothing queues up
/// for it here. Meanwhile it tells how the task gets on (`metrics`), and sends a comment where nothing else was sent.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "control/control.hpp"
#include "rbees/contracts/task_views.hpp"
#include "rbees/control/job_feed.hpp"
#include "rbees/http_api/router.hpp"

namespace rbees::orcd {

/// What a task's stored text amounts to.
struct TaskResult {
    std::string output;
    std::optional<reflect::json::object> message;
};

/// What `control` is must outlive it. Used on the I/O thread only.
class TaskStreams {
  public:
    /// `thread` tells the readers of the I/O threads apart.
    TaskStreams(net::IoContext& io, Control& control, std::uint16_t thread)
        : io_(io), control_(control), next_reader_(std::uint64_t{thread} << 48) {}

    /// Answers the call with the stream behind event `after`: 204 if all of it was read, 400 for an event that never
    /// was, 404, 410 after the retention. The task must be one that the caller may see.
    [[nodiscard]] net::Task<void> serve(http_api::Call& call, orchestrator::Job job, std::uint64_t after);

    /// The text of a task that has ended. GONE after the retention, NOT_FOUND.
    [[nodiscard]] net::Task<Checked<TaskResult>> read_result(JobId job);

    /// Ends every stream between two events, so that the process can drain. Their clients come back for the rest.
    void release();

    /// Without another byte for so long, a comment is sent, so that nobody on the way takes the connection for dead.
    static constexpr Duration ping_interval = std::chrono::seconds(15);

    /// The least time between two events of `metrics`.
    static constexpr Duration metrics_interval = std::chrono::seconds(2);

  private:
    struct Reading;
    using ReadingPtr = std::shared_ptr<Reading>;

    void ask_for_more(const ReadingPtr& reading);
    void stop_asking(const Reading& reading);
    [[nodiscard]] net::Task<bool> begin(http_api::Call& call, ReadingPtr reading);
    [[nodiscard]] net::Task<void> follow(net::Exchange& exchange, ReadingPtr reading);
    [[nodiscard]] net::Task<std::string> take_pulse(ReadingPtr reading);
    [[nodiscard]] net::Task<std::optional<contracts::TaskMetrics>> look_at(ReadingPtr reading);

    net::IoContext& io_;
    Control& control_;
    std::uint64_t next_reader_;
    std::map<control::ReaderId, std::weak_ptr<Reading>> readings_;
    bool is_released_ = false;
};

}  // namespace rbees::orcd
