#include "vocabulary.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>

#include <fmt/format.h>

#include "house.hpp"
#include "wait.hpp"

namespace rbees::bdd {
namespace {

using WorldPtr = std::shared_ptr<World>;

/// The scenario's processes of that name; those of another user's house on the same machine are none of ours.
std::vector<pid_t> pids_of(const World& world, const std::string& name) {
    std::vector<pid_t> pids;
    for (const auto& process : world.running()) {
        if (process.name == name) pids.push_back(process.pid);
    }
    return pids;
}

Outcome signal_process(World& world, const std::string& name, int signal) {
    const auto house = ask_house(world);
    if (!house) return failed(house.error());
    bool found = false;
    for (const auto& process : house->processes) {
        if (process.name != name || process.pid <= 0) continue;
        found = true;
        if (kill(process.pid, signal) != 0) return failed(fmt::format("{} ({}) was gone already", name, process.pid));
    }
    if (found) return {};
    return failed(
        fmt::format("`rbees status --json` lists no running {}; here run: {}", name, describe(world.running())));
}

Outcome expect_running(const World& world, const std::string& name, std::size_t count, std::chrono::seconds limit) {
    if (wait_until(limit, [&] { return pids_of(world, name).size() == count; })) return {};
    return failed(fmt::format("expected {} of {}; here run: {}", count, name, describe(world.running())));
}

}  // namespace

void add_process_steps(StepTable& steps, const WorldPtr& world) {
    steps.add("the process {string} is killed",
              [world](const StepInput& input) { return signal_process(*world, input.values[0], SIGKILL); });
    steps.add("the process {string} is asked to end",
              [world](const StepInput& input) { return signal_process(*world, input.values[0], SIGTERM); });
    steps.add("within {int} seconds {int} {word} runs", [world](const StepInput& input) {
        return expect_running(*world, input.values[2], std::stoul(input.values[1]),
                              std::chrono::seconds(std::stoi(input.values[0])));
    });
    steps.add("I remember the pid of {string} as {string}", [world](const StepInput& input) -> Outcome {
        const auto pids = pids_of(*world, input.values[0]);
        if (pids.size() != 1)
            return failed(fmt::format("not one {}; here run: {}", input.values[0], describe(world->running())));
        world->set(input.values[1], std::to_string(pids.front()));
        return {};
    });
    steps.add("the pid of {string} is still {string}", [world](const StepInput& input) -> Outcome {
        const auto wanted = world->resolve(input.values[1]);
        if (!wanted) return failed(wanted.error());
        const auto pids = pids_of(*world, input.values[0]);
        if (pids.size() == 1 && std::to_string(pids.front()) == *wanted) return {};
        return failed(
            fmt::format("expected {} ({}); here run: {}", input.values[0], *wanted, describe(world->running())));
    });
    steps.add("within {int} seconds the pid of {string} is another than {string}",
              [world](const StepInput& input) -> Outcome {
                  const auto before = world->resolve(input.values[2]);
                  if (!before) return failed(before.error());
                  const auto is_another = [&] {
                      const auto pids = pids_of(*world, input.values[1]);
                      return pids.size() == 1 && std::to_string(pids.front()) != *before;
                  };
                  if (wait_until(std::chrono::seconds(std::stoi(input.values[0])), is_another)) return {};
                  return failed(fmt::format("expected another {} than {}; here run: {}", input.values[1], *before,
                                            describe(world->running())));
              });
    steps.add("nothing is left running", [world](const StepInput&) -> Outcome {
        if (wait_until(std::chrono::seconds(10), [&] { return world->running().empty(); })) return {};
        return failed("still running: " + describe(world->running()));
    });
}

}  // namespace rbees::bdd
