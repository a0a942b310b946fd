#pragma once
/// @file
/// What all processes of a run stand on: time, network, the checks, and the notes of what happened.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agenda.hpp"
#include "ledger.hpp"
#include "network.hpp"
#include "rbees/simulation/plan.hpp"
#include "rbees/simulation/trace.hpp"
#include "verdict.hpp"

namespace rbees::simulation {

class PoolNode;
class WorkerProcess;

/// Who listens at an address.
class Directory {
  public:
    Directory() = default;
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    virtual ~Directory() = default;

    [[nodiscard]] virtual PoolNode* node(const std::string& url) = 0;
    [[nodiscard]] virtual WorkerProcess* worker(const std::string& url) = 0;
};

struct Stage {
    Stage(const Plan& plan, Keeping keeping)
        : options(plan.options),
          seed(plan.seed),
          network(agenda, Random(plan.seed, "network")),
          trace(keeping),
          verdict(agenda),
          ledger(verdict, agenda) {}

    void note(std::string_view lane, std::string_view what, std::string_view about = {}, std::uint64_t number = 0) {
        trace.note(agenda.now() - Agenda::start, lane, what, about, number);
    }
    void count(const std::string& what) { ++counts[what]; }

    Options options;
    std::uint64_t seed;
    Agenda agenda;
    Network network;
    Trace trace;
    Verdict verdict;
    Ledger ledger;
    std::map<std::string, std::uint64_t> counts;
};

}  // namespace rbees::simulation
