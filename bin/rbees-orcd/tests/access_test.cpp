/// Who may call which route, from the table itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access_check.hpp"
#include "rbees/base/hash.hpp"

namespace rbees::orcd {
namespace {

using contracts::Access;
using contracts::Role;

orchestrator::Token token(const std::string& secret, Role role, std::optional<WallTime> expires_at = {}) {
    orchestrator::Token made;
    made.id = TokenId("id-of-" + secret);
    made.hash = sha256_hex(secret);
    made.role = role;
    made.expires_at = expires_at;
    return made;
}

/// A check with an admin, a node and an expired admin token.
class AccessTest : public testing::Test {
  protected:
    AccessTest() {
        std::map<TokenId, orchestrator::Token> tokens;
        const auto past = wall_now() - std::chrono::seconds(1);
        for (const auto& one :
             {token("admin", Role::admin), token("node", Role::node), token("expired", Role::admin, past)}) {
            tokens.emplace(one.id, one);
        }
        auto view = std::make_shared<orchestrator::FleetView>();
        view->access = orchestrator::AccessView(tokens);
        holder_.view = std::move(view);
    }

    /// 200, or the status of the refusal.
    [[nodiscard]] int status_of(const contracts::Route& route, const std::string& secret) const {
        net::Request request;
        request.peer = peer_;
        if (!secret.empty()) request.headers.set("Authorization", "Bearer " + secret);
        const auto caller = access_check(holder_, settings_)(route, request);
        return caller ? 200 : caller.error().status();
    }

    ViewHolder holder_;
    Settings settings_;
    std::string peer_ = "127.0.0.1:5000";
};

TEST_F(AccessTest, EveryRouteTakesWhomTheTableNamesAndNobodyElse) {
    for (const auto& route : contracts::orcd_routes()) {
        SCOPED_TRACE(route.operation);
        if (route.access == Access::open) {
            EXPECT_EQ(route.operation, "health") << "nothing else is open";
            continue;
        }
        EXPECT_EQ(status_of(route, ""), 401);
        EXPECT_EQ(status_of(route, "wrong"), 401);
        EXPECT_EQ(status_of(route, "expired"), 401);
        EXPECT_EQ(status_of(route, "node"), route.access == Access::node ? 200 : 403);
        EXPECT_EQ(status_of(route, "admin"), 200);
    }
}

TEST_F(AccessTest, OpenMetricsAnswerAnybodyOnLoopbackAndNothingElseDoes) {
    settings_.open_metrics = true;
    for (const auto& route : contracts::orcd_routes()) {
        if (route.access == Access::open) continue;
        const auto expected = route.access == Access::metrics ? 200 : 401;

        EXPECT_EQ(status_of(route, ""), expected) << route.operation;
    }

    peer_ = "192.0.2.7:5000";

    for (const auto& route : contracts::orcd_routes()) {
        if (route.access != Access::open) {
            EXPECT_EQ(status_of(route, ""), 401) << route.operation;
        }
    }
}

TEST_F(AccessTest, TellsTheHandlerWhoCalls) {
    net::Request request;
    request.headers.set("x-api-key", "node");
    const contracts::Route route{.access = Access::node};

    const auto caller = access_check(holder_, settings_)(route, request);

    EXPECT_EQ(caller.value(), (http_api::Caller{"id-of-node", Role::node}));
}

}  // namespace
}  // namespace rbees::orcd
