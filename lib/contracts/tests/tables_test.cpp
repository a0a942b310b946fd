#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "rbees/base/ascii.hpp"
#include "rbees/contracts/metrics.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::contracts {
namespace {

class RouteTables : public testing::TestWithParam<std::span<const Route>> {};

TEST_P(RouteTables, NameEachOperationAndEachRouteOnce) {
    std::set<std::string> operations;
    std::set<std::string> routes;
    for (const auto& route : GetParam()) {
        EXPECT_TRUE(operations.emplace(route.operation).second) << route.operation;
        EXPECT_TRUE(routes.insert(std::string(route.method) + " " + std::string(route.path)).second) << route.path;
    }
}

TEST_P(RouteTables, AreWholeInTheOpenApiDocument) {
    const auto document = openapi(GetParam(), "rbees", "1.0");

    for (const auto& route : GetParam()) {
        const auto& operation = document.at("paths").at(route.path).at(to_lower(route.method));
        EXPECT_EQ(operation.at("operationId").as_string(), route.operation);
    }
    EXPECT_TRUE(reflect::parse_json(reflect::to_text(document)));
}

INSTANTIATE_TEST_SUITE_P(All, RouteTables, testing::Values(orcd_routes(), pool_routes(), worker_routes()));

TEST(OrcdRoutes, OpenNothingButHealthWithoutAToken) {
    for (const auto& route : orcd_routes()) {
        EXPECT_EQ(route.access == Access::open, route.path == "/health") << route.path;
    }
}

TEST(WorkerRoutes, OpenNothingAtAll) {
    for (const auto& route : worker_routes()) {
        EXPECT_EQ(route.access, Access::caller) << route.path;
    }
}

TEST(OptionTable, HoldsDefaultsThatItsOwnRulesAccept) {
    const Home home{};
    const auto none = [](const std::string&) { return std::nullopt; };

    const auto config = Config::load(options(), home, none, {});

    ASSERT_TRUE(config) << describe(config.error());
    EXPECT_EQ(config->text("listen"), "127.0.0.1:8080");
}

TEST(OptionTable, RefusesTimesThatNobodyCouldKeep) {
    const auto none = [](const std::string&) { return std::nullopt; };

    EXPECT_TRUE(Config::load(options(), Home{}, none, {{"tasks.lease", "1s"}}));
    EXPECT_FALSE(Config::load(options(), Home{}, none, {{"tasks.lease", "999ms"}}));
    EXPECT_TRUE(Config::load(options(), Home{}, none, {{"worker.silence", "10s"}}));
    EXPECT_FALSE(Config::load(options(), Home{}, none, {{"worker.silence", "9999ms"}}));
}

TEST(OptionTable, TellsTheTimesThatProgramsNeedWithoutAConfiguration) {
    EXPECT_EQ(default_duration("tasks.lease"), std::chrono::seconds(60));
    EXPECT_EQ(least_duration("tasks.lease"), std::chrono::seconds(1));
    EXPECT_EQ(least_duration("queue.wait"), Duration{});
}

TEST(MetricTable, NamesEachMetricOnceAndCountersByTheirSuffix) {
    std::set<std::string_view> names;
    for (const auto& metric : metrics()) {
        EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
        if (metric.type == MetricType::counter) EXPECT_TRUE(metric.name.ends_with("_total")) << metric.name;
    }
}

TEST(WorkerCapabilities, AreWrittenWithoutTheUnderscoreThatTheKeywordNeeds) {
    EXPECT_NE(reflect::to_json_text(WorkerCapabilities{}).find("\"continue\":false"), std::string::npos);
}

/// The text of all sources of a program or module, without its tests.
std::string sources_under(const std::filesystem::path& folder) {
    std::string text;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const bool is_test = entry.path().native().contains("/tests/");
        if (is_test || entry.path().extension() != ".cpp") continue;
        std::ifstream file(entry.path());
        text.append(std::istreambuf_iterator<char>(file), {});
    }
    return text;
}

TEST(MetricTable, NamesNoMetricThatItsProcessDoesNotSet) {
    const std::filesystem::path root(RBEES_SOURCES);
    std::map<std::string_view, std::string> sources;
    for (const auto* program : {"rbees-orcd", "pool-managerd", "rbees-workerd"}) {
        sources.emplace(program, sources_under(root / "bin" / program));
    }
    sources.emplace("all", sources_under(root / "lib" / "http-api"));

    for (const auto& metric : metrics()) {
        ASSERT_TRUE(sources.contains(metric.process)) << metric.process;
        EXPECT_TRUE(sources.at(metric.process).contains('"' + std::string(metric.name) + '"')) << metric.name;
    }
}

}  // namespace
}  // namespace rbees::contracts
