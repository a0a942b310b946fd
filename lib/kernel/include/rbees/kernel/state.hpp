#pragma once
/// @file
/// Everything that must survive, as one state: the domains side by side, their commands, records and effects as one
/// type each. A command goes to its domain; a decision of several domains lands in one commit.
///
/// Pure: the same commands give the same records, whatever the time and the machine. Not thread-safe.

#include <expected>
#include <string>
#include <variant>
#include <vector>

#include "rbees/contracts/problem.hpp"
#include "rbees/kernel/journal_port.hpp"
#include "rbees/orchestrator_core/access.hpp"
#include "rbees/orchestrator_core/fleet.hpp"
#include "rbees/orchestrator_core/jobs.hpp"
#include "rbees/orchestrator_core/sessions.hpp"

namespace rbees::kernel {

using Command = std::variant<orchestrator::FleetCommand, orchestrator::AccessCommand, orchestrator::JobCommand,
                             orchestrator::SessionCommand>;
using Record = std::variant<orchestrator::FleetRecord, orchestrator::AccessRecord, orchestrator::JobRecord,
                            orchestrator::SessionRecord>;
using Effect = std::variant<orchestrator::FleetEffect, orchestrator::JobEffect>;

/// Whether the effect runs as soon as its records are handed to the journal, not only once they are on disk. So it is
/// with an order to one of our workers: it can be repeated, ends with its lease if nobody wants it any more, and what
/// it brings is shown to nobody before that is on disk, behind the records of the order (external synchrony:
/// Nightingale et al., "Rethink the Sync", OSDI 2006).
[[nodiscard]] bool runs_ahead(const Effect& effect);

/// What a command leads to. No records: nothing changes, and the effects may run at once.
struct Decision {
    std::vector<Record> records;
    std::vector<Effect> effects;
    std::vector<orchestrator::Payload> payloads;  ///< text, written with the records
    std::vector<std::string> erased;              ///< prefixes of the ids of payloads that go with them
};

struct State {
    orchestrator::Fleet fleet;
    orchestrator::Access access;
    orchestrator::Jobs jobs;
    orchestrator::Sessions sessions;
};

/// Decides a command against the state, or refuses it. Total.
[[nodiscard]] std::expected<Decision, contracts::Problem> decide(const State& state, const Command& command);

/// Makes a record true.
void apply(State& state, const Record& record);

/// Drops what ended, after its rows were written.
void forget_ended(State& state);

/// Whether the command is still taken when the disk is nearly full. Closing: it ends something, leads an accepted job
/// to its end, or only notes what is so already (a node or worker that is there, a worker that is ready). Progress: the
/// text of an accepted job, of which there may be much. Ordinary: what begins something, a worker, a model, a token, a
/// job.
[[nodiscard]] Urgency urgency_of(const Command& command);

}  // namespace rbees::kernel
