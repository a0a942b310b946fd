#include "rbees/simulation/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "timeline.hpp"

namespace rbees::simulation {
namespace {

constexpr std::string_view style = R"(<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; } td, th { padding: .1rem .8rem .1rem 0; text-align: left; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f6f6f4; padding: 1rem; overflow: auto; }
.columns { display: flex; flex-wrap: wrap; gap: 3rem; } svg { width: 100%; height: auto; } .bad { color: #b00020; }
</style>
)";

double seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

std::string row(std::string_view name, const std::string& value) {
    return fmt::format("<tr><td>{}</td><td class=n>{}</td></tr>\n", escape_html(name), escape_html(value));
}

std::string summary(const Totals& totals) {
    std::string page = "<table>\n";
    page += row("seeds", std::to_string(totals.seeds));
    page += row("seeds that broke a promise", std::to_string(totals.failed));
    page += row("steps", std::to_string(totals.steps));
    page += row("steps of the shortest run", std::to_string(totals.steps_least));
    page += row("virtual time", fmt::format("{:.1f} h", seconds(totals.virtual_time) / 3'600));
    page += row("real time", fmt::format("{:.1f} s", seconds(totals.real_time)));
    page += row("virtual time over real time", fmt::format("{:.0f}", totals.factor()));
    return page + "</table>\n";
}

std::string waits(const Totals& totals) {
    std::string page = "<table><tr><th>wait for the first worker</th><th>tasks</th><th>p50</th><th>p99</th></tr>\n";
    const auto line = [&](std::string_view name, const std::vector<Duration>& values) {
        page +=
            fmt::format("<tr><td>{}</td><td class=n>{}</td><td class=n>{:.2f} s</td><td class=n>{:.2f} s</td></tr>\n",
                        name, values.size(), seconds(percentile(values, 50)), seconds(percentile(values, 99)));
    };
    line("interactive", totals.waits.interactive);
    line("batch", totals.waits.batch);
    return page + "</table>\n";
}

std::string counts(const Totals& totals, bool faults) {
    constexpr std::string_view fault = "fault ";
    std::string page = "<table>\n";
    for (const auto& [name, count] : totals.counts) {
        if (name.starts_with(fault) != faults) continue;
        page += row(faults ? std::string_view(name).substr(fault.size()) : name, std::to_string(count));
    }
    return page + "</table>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '<':
                escaped += "&lt;";
                break;
            case '>':
                escaped += "&gt;";
                break;
            case '&':
                escaped += "&amp;";
                break;
            case '"':
                escaped += "&quot;";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

void Totals::add(const Outcome& outcome) {
    steps_least = seeds == 0 ? outcome.steps : std::min(steps_least, outcome.steps);
    ++seeds;
    failed += outcome.violation ? 1 : 0;
    steps += outcome.steps;
    virtual_time += outcome.virtual_time;
    for (const auto& [name, count] : outcome.counts) {
        counts[name] += count;
    }
    waits.interactive.insert(waits.interactive.end(), outcome.waits.interactive.begin(),
                             outcome.waits.interactive.end());
    waits.batch.insert(waits.batch.end(), outcome.waits.batch.begin(), outcome.waits.batch.end());
}

double Totals::factor() const {
    return real_time == Duration{} ? 0 : seconds(virtual_time) / seconds(real_time);
}

Duration percentile(std::vector<Duration> values, std::uint32_t percent) {
    if (values.empty()) return {};
    const auto place = std::min(values.size() - 1, values.size() * percent / 100);
    std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(place));
    return values[place];
}

std::string report_page(const Totals& totals, const Plan& plan, const Outcome& outcome) {
    std::string page = "<!doctype html>\n<html lang=en><meta charset=utf-8><title>rbees-sim</title>\n";
    page += style;
    page += "<h1>rbees-sim</h1>\n<div class=columns>\n<div>" + summary(totals) + waits(totals) + "</div>\n";
    page += "<div><h2>Faults</h2>\n" + counts(totals, true) + "</div>\n";
    page += "<div><h2>What happened</h2>\n" + counts(totals, false) + "</div>\n</div>\n";
    page += fmt::format("<h2>Seed {}</h2>\n", plan.seed);
    if (outcome.violation) {
        page += fmt::format("<p class=bad>{} at {:.3f} s: {}</p>\n", escape_html(outcome.violation->check),
                            seconds(outcome.violation->at), escape_html(outcome.violation->detail));
    }
    page += timeline(outcome);
    page += "<h2>Its plan</h2>\n<pre>" + escape_html(to_text(plan)) + "</pre>\n</html>\n";
    return page;
}

}  // namespace rbees::simulation
