#pragma once
/// @file
/// Everything that must survive, as one state: the domains side by side, their commands, records and effects as one
/// type each. A command goes to its domain; a decision of several domains lands in one commit.
///
/// Pure: the same commands give the same records, whatever the time and the machine. Not thread-safe.

#include <expected>
#include <variant>
#include <vector>

#include "rbees/contracts/problem.hpp"
#include "rbees/orchestrator_core/access.hpp"
#include "rbees/orchestrator_core/fleet.hpp"

namespace rbees::kernel {

using Command = std::variant<orchestrator::FleetCommand, orchestrator::AccessCommand>;
using Record = std::variant<orchestrator::FleetRecord, orchestrator::AccessRecord>;
using Effect = orchestrator::FleetEffect;

/// What a command leads to. No records: nothing changes, and the effects may run at once.
struct Decision {
    std::vector<Record> records;
    std::vector<Effect> effects;
};

struct State {
    orchestrator::Fleet fleet;
    orchestrator::Access access;
};

/// Decides a command against the state, or refuses it. Total.
[[nodiscard]] std::expected<Decision, contracts::Problem> decide(const State& state, const Command& command);

/// Makes a record true.
void apply(State& state, const Record& record);

/// Whether the command is still taken when the disk is nearly full: it ends something, or only notes what is so already
/// (a node or worker that is there, a worker that is ready). Only what begins something new is not: a worker, a model,
/// a token.
[[nodiscard]] bool is_closing(const Command& command);

}  // namespace rbees::kernel
