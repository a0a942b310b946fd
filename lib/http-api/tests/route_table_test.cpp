#include "route_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "rbees/net/message.hpp"

namespace rbees::http_api {
namespace {

using contracts::Route;

const std::array routes{
    Route{.method = "GET", .path = "/v2/models/{id}", .operation = "model"},
    Route{.method = "DELETE", .path = "/v2/models/{id}", .operation = "model_delete"},
    Route{.method = "GET", .path = "/v2/models/known", .operation = "known"},
    Route{.method = "POST", .path = "/v2/models/{id}/load", .operation = "load"},
    Route{.method = "GET", .path = "/", .operation = "root"},
};

std::string operation(std::string_view method, std::string_view target) {
    const auto match = RouteTable(routes).find(method, target);
    const auto* found = std::get_if<FoundRoute>(&match);
    return found == nullptr ? "" : std::string(found->route->operation);
}

TEST(RouteTable, FindsTheRouteByMethodAndPath) {
    EXPECT_EQ(operation("GET", "/v2/models/smollm2"), "model");
    EXPECT_EQ(operation("DELETE", "/v2/models/smollm2"), "model_delete");
    EXPECT_EQ(operation("POST", "/v2/models/smollm2/load?x=1"), "load");
    EXPECT_EQ(operation("GET", "/"), "root");
}

TEST(RouteTable, PrefersALiteralSegmentToAParameter) {
    EXPECT_EQ(operation("GET", "/v2/models/known"), "known");
    EXPECT_EQ(operation("DELETE", "/v2/models/known"), "model_delete");
}

TEST(RouteTable, KeepsAnEncodedSlashInsideItsSegment) {
    const auto match = RouteTable(routes).find("GET", "/v2/models/hf:org%2Frepo%3A1");

    const auto* found = std::get_if<FoundRoute>(&match);
    ASSERT_NE(found, nullptr);
    ASSERT_EQ(found->parameters.size(), 1U);
    EXPECT_EQ(found->parameters.front().first, "id");
    EXPECT_EQ(found->parameters.front().second, "hf:org/repo:1");
}

TEST(RouteTable, NamesTheMethodsThatAPathTakes) {
    const auto match = RouteTable(routes).find("PUT", "/v2/models/smollm2");

    const auto* wrong = std::get_if<WrongMethod>(&match);
    ASSERT_NE(wrong, nullptr);
    EXPECT_EQ(wrong->allow, "GET, HEAD, DELETE");
}

TEST(RouteTable, TakesHeadForGet) {
    EXPECT_EQ(operation("HEAD", "/v2/models/smollm2"), operation("GET", "/v2/models/smollm2"));
    EXPECT_NE(operation("HEAD", "/v2/models/smollm2"), "");
}

TEST(RouteTable, FindsNothingForOtherPaths) {
    for (const auto* target : {"", "*", "/v2", "/v2/models", "/v2/models/", "/v2/models/a/", "/v2/models/a/load/b",
                               "/v2/models/%zz", "//", "http://host/"}) {
        EXPECT_EQ(operation("GET", target), "") << target;
    }
}

RC_GTEST_PROP(RouteTableProperty, GivesBackWhateverWasEncodedIntoASegment, ()) {
    const auto id = *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('\1', '\x7f')));

    const auto target = "/v2/models/" + net::percent_encode(id) + "/load";
    const auto match = RouteTable(routes).find("POST", target);

    const auto* found = std::get_if<FoundRoute>(&match);
    RC_ASSERT(found != nullptr);
    RC_ASSERT(found->parameters.front().second == id);
}

RC_GTEST_PROP(RouteTableProperty, SurvivesAnyTarget, (const std::string& target)) {
    const auto match = RouteTable(routes).find("GET", "/" + target);

    RC_ASSERT(match.index() < std::variant_size_v<RouteMatch>);
}

}  // namespace
}  // namespace rbees::http_api
