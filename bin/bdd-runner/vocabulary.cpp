#include "vocabulary.hpp"

#include <chrono>

#include "wait.hpp"

namespace rbees::bdd {
namespace {

constexpr auto leave_limit = std::chrono::seconds(10);

/// Takes the house down if it is up, and lets nothing be left running.
Outcome close_house(World& world) {
    if (world.running().empty()) return {};
    if (const auto down = world.try_command("rbees down", world.settings().command_limit); !down) {
        return failed(down.error());
    }
    if (wait_until(leave_limit, [&] { return world.running().empty(); })) return {};
    return failed("still running after `rbees down`: " + describe(world.running()));
}

}  // namespace

StepTable make_vocabulary(const Settings& settings) {
    StepTable steps;
    const auto world = std::make_shared<World>(settings);
    add_command_steps(steps, world);
    add_http_steps(steps, world);
    add_process_steps(steps, world);
    steps.at_end([world](const StepInput&) { return close_house(*world); });
    return steps;
}

}  // namespace rbees::bdd
