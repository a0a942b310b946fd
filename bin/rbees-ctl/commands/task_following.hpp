#pragma once
/// @file
/// Following a task to its end. It goes on without us: Ctrl-C and --timeout only stop the looking, and say so.

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/session.hpp"
#include "client/event_stream.hpp"
#include "rbees/contracts/task_views.hpp"

namespace rbees::ctl {

/// Hands out every event behind number `after`, each once and in order, until the task's last one. Comes back by itself
/// when the connection breaks or rbees-orcd is started again, wherever it is then; gives up after `patience` without
/// any contact.
[[nodiscard]] Checked<void> follow_task(Session& session, const std::string& id, std::uint64_t after,
                                        const OnEvent& on_event);

/// The task when it has ended, with its result. Progress is shown on stderr.
[[nodiscard]] Checked<contracts::TaskView> await_task(Session& session, const std::string& id);

/// The error as it is; where the person or the time stopped the looking, it is also said that the task goes on, and
/// with which command one comes back.
[[nodiscard]] std::unexpected<CliError> stopped_looking(Session& session, CliError error, const std::string& id,
                                                        std::string_view way_back);

/// "running, 120 tokens, 40 tokens/s", "queued, 3 before it": of an event `metrics`; empty if it is none.
[[nodiscard]] std::string progress_in_words(const NumberedEvent& event);

}  // namespace rbees::ctl
