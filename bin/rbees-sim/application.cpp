#include "application.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "campaign.hpp"
#include "command_line.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/planted.hpp"
#include "telling.hpp"

namespace rbees::sim {
namespace {

using simulation::Keeping;
using simulation::Outcome;
using simulation::Totals;

/// Failures that are told one by one.
constexpr std::size_t told_max = 5;

/// Lines of a trace before a broken promise.
constexpr std::size_t trace_lines_max = 60;

constexpr int promise_broken = 1;
constexpr int wrong_use = 2;

int complain(const std::string& what) {
    fmt::print(stderr, "rbees-sim: {}\n", what);
    return wrong_use;
}

Campaign campaign_of(const CommandLine& line) {
    return {.first = line.first, .seeds = line.seeds, .jobs = line.jobs, .options = line.options};
}

void print_trace(const Outcome& outcome, std::size_t lines_max) {
    const auto& lines = outcome.trace;
    for (std::size_t i = lines.size() - std::min(lines_max, lines.size()); i < lines.size(); ++i) {
        fmt::print("{}\n", simulation::to_text(lines[i]));
    }
}

/// Plan and last lines of the first failure, with what it does not need left out.
void explain(const CommandLine& line, const Outcome& failure) {
    auto plan = simulation::draw_plan(failure.seed, line.options);
    if (failure.violation->check == "abort") return fmt::print("{}", simulation::to_text(plan));
    if (line.shrinks) plan = simulation::shrink(plan, failure.violation->check);
    const auto again = simulation::run(plan, Keeping::lines);
    fmt::print("{}the last lines:\n", simulation::to_text(plan));
    print_trace(again, trace_lines_max);
    if (again.violation) fmt::print("{}: {}\n", again.violation->check, again.violation->detail);
}

Result<void> write_report(const CommandLine& line, const Totals& totals, std::uint64_t seed) {
    const auto plan = simulation::draw_plan(seed, line.options);
    const auto outcome = simulation::run(plan, Keeping::lines);
    return write_file_atomically(line.report, simulation::report_page(totals, plan, outcome), FileAccess::everyone);
}

int run_many(const CommandLine& line) {
    Totals totals;
    std::vector<Outcome> failures;
    const auto started = BootClock::now();
    const auto ran = run_campaign(campaign_of(line), [&](const Outcome& outcome) {
        totals.add(outcome);
        if (outcome.violation) failures.push_back(outcome);
        return GoOn::yes;
    });
    totals.real_time = BootClock::now() - started;
    if (!ran) return complain(describe(ran.error()));
    std::ranges::sort(failures, {}, &Outcome::seed);
    if (line.is_json) {
        fmt::print("{}\n", to_json(totals, failures));
    } else {
        fmt::print("{}", to_text(totals));
        for (std::size_t i = 0; i < std::min(failures.size(), told_max); ++i) {
            fmt::print("{}", to_text(failures[i]));
        }
        if (!failures.empty()) explain(line, failures.front());
        fmt::print("{} passed, {} failed\n", totals.seeds - totals.failed, totals.failed);
    }
    if (!line.report.empty()) {
        const auto shown = failures.empty() ? line.first : failures.front().seed;
        if (const auto written = write_report(line, totals, shown); !written)
            return complain(describe(written.error()));
    }
    return failures.empty() ? 0 : promise_broken;
}

int replay(const CommandLine& line) {
    const auto* bug = std::ranges::find(planted_bugs, line.bug, &PlantedBug::name);
    if (!line.bug.empty()) {
        if (!can_plant_bugs || bug == planted_bugs.end()) return complain("this build has no planted bug " + line.bug);
        plant(bug->bug);
    }
    const auto plan = simulation::draw_plan(line.first, line.options);
    const auto outcome = simulation::run(plan, Keeping::lines);
    fmt::print("{}", simulation::to_text(plan));
    if (line.has_trace) print_trace(outcome, outcome.trace.size());
    fmt::print("trace {:016x}, {} steps\n", outcome.trace_hash, outcome.steps);
    if (!line.report.empty()) {
        Totals totals;
        totals.add(outcome);
        const auto page = simulation::report_page(totals, plan, outcome);
        const auto written = write_file_atomically(line.report, page, FileAccess::everyone);
        if (!written) return complain(describe(written.error()));
    }
    if (!outcome.violation) return 0;
    fmt::print("{}", to_text(outcome));
    return promise_broken;
}

Result<Finding> look_for(const CommandLine& line, const PlantedBug& bug) {
    Finding finding{.bug = std::string(bug.name), .seeds = 0, .check = std::nullopt};
    auto campaign = campaign_of(line);
    campaign.prepare = [bug = bug.bug](std::uint64_t) { plant(bug); };
    const auto ran = run_campaign(campaign, [&](const Outcome& outcome) {
        ++finding.seeds;
        if (!outcome.violation) return GoOn::yes;
        finding.check = outcome.violation->check;
        return GoOn::no;
    });
    if (!ran) return std::unexpected(ran.error());
    return finding;
}

int look_for_planted(const CommandLine& line) {
    if (!can_plant_bugs) return complain("this build has no planted bugs; configure with the preset `planted`");
    std::vector<Finding> findings;
    for (const auto& bug : planted_bugs) {
        const auto finding = look_for(line, bug);
        if (!finding) return complain(describe(finding.error()));
        findings.push_back(*finding);
        if (line.is_json) continue;
        const auto how = finding->check ? fmt::format("found after {} seeds: {}", finding->seeds, *finding->check)
                                        : fmt::format("NOT found in {} seeds", finding->seeds);
        fmt::print("  {:<24} {}\n", finding->bug, how);
        std::fflush(stdout);
    }
    const auto found =
        std::ranges::count_if(findings, [](const Finding& finding) { return finding.check.has_value(); });
    const auto missed = static_cast<std::ptrdiff_t>(findings.size()) - found;
    if (line.is_json) {
        fmt::print("{}\n", to_json(findings));
    } else {
        fmt::print("{} passed, {} failed\n", found, missed);
    }
    return missed == 0 ? 0 : promise_broken;
}

}  // namespace

int run_application(int count, char** words) {
    const auto line = read_command_line(count, words);
    if (!line) return line.error();
    switch (line->verb) {
        case Verb::replay:
            return replay(*line);
        case Verb::planted:
            return look_for_planted(*line);
        case Verb::run:
            break;
    }
    return run_many(*line);
}

}  // namespace rbees::sim
