#include "command_line.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace rbees::sim {
namespace {

using control::QueuePolicy;

/// CLI11 reads "-1" as the largest number there is; so each has a range.
constexpr std::uint64_t seed_max = 1'000'000'000'000'000'000;

/// Options whose unit is in their name.
struct Milliseconds {
    std::uint64_t token = 250;
    std::uint64_t commit = 2;
    std::uint64_t disturbed = 300'000;
};

void declare_load(CLI::App& verb, simulation::Options& options, Milliseconds& times) {
    verb.add_option("--nodes", options.nodes, "machines with a pool manager")->check(CLI::Range(1, 64));
    verb.add_option("--workers", options.workers, "that somebody keeps running")->check(CLI::Range(1, 256));
    verb.add_option("--slots", options.slots, "of each worker")->check(CLI::Range(1, 64));
    verb.add_option("--faults", options.faults, "in each run; 0 to look at a policy undisturbed")
        ->check(CLI::Range(0, 10'000));
    verb.add_option("--clients", options.clients, "in each run")->check(CLI::Range(0, 100'000));
    verb.add_option("--sessions", options.sessions, "that are opened before tasks name them, many with a budget")
        ->check(CLI::Range(0, 10'000));
    verb.add_option("--steps", options.steps_min, "of each run, at least")->check(CLI::Range(0, 1'000'000'000));
    verb.add_option("--for-ms", times.disturbed, "clients come and faults happen for so long")
        ->check(CLI::Range(10'000, 86'400'000));
    verb.add_option("--token-ms", times.token, "from token to token, at most")->check(CLI::Range(1, 60'000));
    verb.add_option("--commit-ms", times.commit, "a commit, at most")->check(CLI::Range(1, 60'000));
    verb.add_option("--tokens", options.tokens_max, "of an answer, at most")->check(CLI::Range(1, 4'096));
    verb.add_option("--batch", options.batch_per_mille, "of 1000 tasks are batch")->check(CLI::Range(0, 1'000));
    verb.add_option("--chats", options.chat_per_mille, "of 1000 clients ask as /v1 does")->check(CLI::Range(0, 1'000));
    verb.add_option("--queue-capacity", options.queue_capacity, "as the option queue.capacity")
        ->check(CLI::Range(1, 1'000'000));
    const auto take_policy = [&options](const std::string& name) {
        options.queue_policy = name == "reject" ? QueuePolicy::reject : QueuePolicy::drop_lru;
    };
    verb.add_option_function<std::string>("--queue-policy", take_policy, "as the option queue.policy")
        ->default_str("reject")
        ->check(CLI::IsMember({"reject", "drop-lru"}));
}

}  // namespace

std::expected<CommandLine, int> read_command_line(int count, char** words) {
    CommandLine line;
    Milliseconds times;
    line.jobs = std::max(1U, std::thread::hardware_concurrency());
    CLI::App app(
        "Runs rbees-orcd, pool managers, workers and clients under virtual time, with faults drawn from seeds, "
        "and checks every promise after each step.",
        "rbees-sim");
    app.failure_message([](const CLI::App*, const CLI::Error& error) {
        return fmt::format("rbees-sim: {}\nRun rbees-sim --help for more information.\n", error.what());
    });
    app.require_subcommand(1);
    app.option_defaults()->always_capture_default();
    auto* run = app.add_subcommand("run", "run many seeds");
    auto* replay = app.add_subcommand("replay", "run one seed again, and tell what happens");
    auto* planted = app.add_subcommand("planted", "show that each planted bug is found (a build of its own)");
    for (auto* verb : {run, planted}) {
        verb->option_defaults()->always_capture_default();
        verb->add_option("--seeds", line.seeds, "how many")->check(CLI::Range(1, 1'000'000'000));
        verb->add_option("--from", line.first, "the first one")->check(CLI::Range(std::uint64_t{0}, seed_max));
        verb->add_option("--jobs", line.jobs, "processes")->check(CLI::Range(1, 256));
        verb->add_flag("--json", line.is_json, "one JSON document instead of lines");
        declare_load(*verb, line.options, times);
    }
    run->add_option("--report", line.report, "write a page with what was covered, and a picture of one seed");
    run->add_flag("!--no-shrink", line.shrinks, "leave the plan of a failure as it is");
    replay->option_defaults()->always_capture_default();
    replay->add_option("seed", line.first, "which")->required()->check(CLI::Range(std::uint64_t{0}, seed_max));
    replay->add_flag("--trace", line.has_trace, "print every line of it");
    replay->add_option("--report", line.report, "write a page with a picture of it");
    replay->add_option("--planted", line.bug, "with this bug (a build of its own)");
    declare_load(*replay, line.options, times);
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        return std::unexpected(app.exit(error) == 0 ? 0 : 2);
    }
    if (replay->parsed()) line.verb = Verb::replay;
    if (planted->parsed()) line.verb = Verb::planted;
    line.options.token_time = std::chrono::milliseconds(times.token);
    line.options.commit_time = std::chrono::milliseconds(times.commit);
    line.options.disturbed = std::chrono::milliseconds(times.disturbed);
    return line;
}

}  // namespace rbees::sim
