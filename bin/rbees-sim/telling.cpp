#include "telling.hpp"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include <boost/describe/class.hpp>

#include "rbees/reflect/write.hpp"

namespace rbees::sim {
namespace {

using simulation::Outcome;
using simulation::Totals;

struct FailureBody {
    std::uint64_t seed = 0;
    std::string check;
    std::string detail;
    double at_s = 0;
};
BOOST_DESCRIBE_STRUCT(FailureBody, (), (seed, check, detail, at_s))

struct WaitBody {
    std::uint64_t tasks = 0;
    double p50_s = 0;
    double p99_s = 0;
};
BOOST_DESCRIBE_STRUCT(WaitBody, (), (tasks, p50_s, p99_s))

struct TotalsBody {
    std::uint64_t seeds = 0;
    std::uint64_t failed = 0;
    std::uint64_t steps = 0;
    std::uint64_t steps_least = 0;
    double virtual_s = 0;
    double real_s = 0;
    double times_real_time = 0;
    WaitBody interactive;
    WaitBody batch;
    std::map<std::string, std::uint64_t> counts;
    std::vector<FailureBody> failures;
};
BOOST_DESCRIBE_STRUCT(TotalsBody, (),
                      (seeds, failed, steps, steps_least, virtual_s, real_s, times_real_time, interactive, batch,
                       counts, failures))

struct FindingBody {
    std::string bug;
    std::uint64_t seeds = 0;
    std::optional<std::string> check;
};
BOOST_DESCRIBE_STRUCT(FindingBody, (), (bug, seeds, check))

double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

WaitBody wait_of(const std::vector<Duration>& values) {
    return {values.size(), seconds(simulation::percentile(values, 50)), seconds(simulation::percentile(values, 99))};
}

std::string wait_line(std::string_view name, const std::vector<Duration>& values) {
    const auto wait = wait_of(values);
    return fmt::format("  {:<12} {:>8} tasks waited for a worker: p50 {:.2f} s, p99 {:.2f} s\n", name, wait.tasks,
                       wait.p50_s, wait.p99_s);
}

}  // namespace

std::string to_text(const Totals& totals) {
    std::string text;
    for (const auto& [name, count] : totals.counts) {
        text += fmt::format("  {:>9}  {}\n", count, name);
    }
    text += wait_line("interactive", totals.waits.interactive);
    text += wait_line("batch", totals.waits.batch);
    text += fmt::format(
        "{} seeds, {} steps ({} in the shortest run), {:.1f} h of virtual time in {:.1f} s: {:.0f} times "
        "real time\n",
        totals.seeds, totals.steps, totals.steps_least, seconds(totals.virtual_time) / 3'600, seconds(totals.real_time),
        totals.factor());
    return text;
}

std::string to_text(const Outcome& failure) {
    return fmt::format("seed {} broke a promise at {:.6f} s: {}: {}\n  see it again: rbees-sim replay {} --trace\n",
                       failure.seed, seconds(failure.violation->at), failure.violation->check,
                       failure.violation->detail, failure.seed);
}

std::string to_json(const Totals& totals, const std::vector<Outcome>& failures) {
    TotalsBody body{.seeds = totals.seeds,
                    .failed = totals.failed,
                    .steps = totals.steps,
                    .steps_least = totals.steps_least,
                    .virtual_s = seconds(totals.virtual_time),
                    .real_s = seconds(totals.real_time),
                    .times_real_time = totals.factor(),
                    .interactive = wait_of(totals.waits.interactive),
                    .batch = wait_of(totals.waits.batch),
                    .counts = totals.counts,
                    .failures = {}};
    for (const auto& failure : failures) {
        body.failures.push_back(
            {failure.seed, failure.violation->check, failure.violation->detail, seconds(failure.violation->at)});
    }
    return reflect::to_json_text(body);
}

std::string to_json(const std::vector<Finding>& findings) {
    std::vector<FindingBody> bodies;
    for (const auto& finding : findings) {
        bodies.push_back({finding.bug, finding.seeds, finding.check});
    }
    return reflect::to_json_text(bodies);
}

}  // namespace rbees::sim
