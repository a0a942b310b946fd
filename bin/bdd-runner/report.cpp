#include "report.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

namespace rbees::bdd {
namespace {

double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

/// Every line of a text behind the same indentation.
std::string indented(std::string_view text, std::string_view indentation) {
    std::string result;
    while (!text.empty()) {
        const auto end = text.find('\n');
        result += fmt::format("{}{}\n", indentation, text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return result;
}

boost::json::object to_object(const std::string& path, const CaseResult& result) {
    const auto& scenario = result.scenario;
    boost::json::object object;
    object["file"] = path;
    object["line"] = scenario.line;
    object["name"] = scenario.name;
    object["tags"] = boost::json::value_from(scenario.tags);
    object["status"] = result.problem ? "failed" : "passed";
    object["seconds"] = seconds(result.took);
    if (result.problem) {
        object["step"] = result.problem->step;
        object["message"] = result.problem->message;
    }
    return object;
}

}  // namespace

Totals count(const std::vector<FileResult>& files) {
    Totals totals;
    for (const auto& file : files) {
        if (file.parse_error) ++totals.failed;
        for (const auto& result : file.cases)
            ++(result.problem ? totals.failed : totals.passed);
    }
    return totals;
}

std::string describe(const std::string& path, const CaseResult& result) {
    const auto& name = result.scenario.name;
    if (!result.problem) return fmt::format("  passed  {} ({:.1f} s)\n", name, seconds(result.took));
    const auto& problem = *result.problem;
    return fmt::format("  failed  {} ({:.1f} s)\n          {}:{}: {}\n{}", name, seconds(result.took), path,
                       problem.line, problem.step, indented(problem.message, "            "));
}

std::string closing_line(Totals totals) {
    return fmt::format("{} passed, {} failed", totals.passed, totals.failed);
}

std::string to_json(const std::vector<FileResult>& files) {
    boost::json::array scenarios;
    for (const auto& file : files) {
        if (file.parse_error) {
            boost::json::object object;
            object["file"] = file.path;
            object["line"] = file.parse_error->line;
            object["status"] = "failed";
            object["message"] = file.parse_error->message;
            scenarios.push_back(std::move(object));
        }
        for (const auto& result : file.cases)
            scenarios.push_back(to_object(file.path, result));
    }
    const auto totals = count(files);
    boost::json::object whole;
    whole["passed"] = totals.passed;
    whole["failed"] = totals.failed;
    whole["scenarios"] = std::move(scenarios);
    return boost::json::serialize(whole);
}

}  // namespace rbees::bdd
