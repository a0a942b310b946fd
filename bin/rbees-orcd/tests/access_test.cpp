/// Who may call which route, from the table itself; and the tokens that lie in files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "access_check.hpp"
#include "control_house.hpp"
#include "file_tokens.hpp"
#include "rbees/base/files.hpp"
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

/// A home in a folder of its own.
class FileTokensTest : public testing::Test {
  protected:
    FileTokensTest() {
        auto pattern = (std::filesystem::temp_directory_path() / "rbees-tokens-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        home_.secrets = folder_ / "secrets";
        EXPECT_TRUE(make_private_folder(home_.secrets));
    }
    ~FileTokensTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] static std::string secret_in(const std::filesystem::path& file) {
        auto text = read_file(file, kibibytes(4)).value_or("");
        text.erase(text.find_last_not_of('\n') + 1);
        return text;
    }

    std::filesystem::path folder_;
    Home home_;
    ControlHouse house_;
};

TEST_F(FileTokensTest, AreMadeForTheOwnerOnlyAndKnownAtOnce) {
    ASSERT_TRUE(admit_file_tokens(home_, house_.fleet));

    const auto& access = house_.fleet.view().access;
    for (const auto& [file, role] :
         {std::pair(home_.admin_token(), Role::admin), std::pair(home_.node_token(), Role::node)}) {
        struct stat facts{};
        ASSERT_EQ(::stat(file.c_str(), &facts), 0);
        EXPECT_EQ(facts.st_mode & 0777, 0600U) << file;
        const auto* known = access.find(secret_in(file), wall_now());
        ASSERT_NE(known, nullptr);
        EXPECT_EQ(known->role, role);
    }
}

TEST_F(FileTokensTest, StayTheSameAtTheNextStart) {
    ASSERT_TRUE(admit_file_tokens(home_, house_.fleet));
    const auto secret = secret_in(home_.admin_token());
    const auto before = house_.fleet.state().access.tokens();

    ASSERT_TRUE(admit_file_tokens(home_, house_.fleet));

    EXPECT_EQ(secret_in(home_.admin_token()), secret);
    EXPECT_EQ(house_.fleet.state().access.tokens(), before);
}

TEST_F(FileTokensTest, AReplacedFileReplacesItsToken) {
    ASSERT_TRUE(admit_file_tokens(home_, house_.fleet));
    const auto old_admin = secret_in(home_.admin_token());
    const auto old_node = secret_in(home_.node_token());
    const std::string own = std::string(contracts::token_prefix) + "of-my-own";
    ASSERT_TRUE(write_file_atomically(home_.admin_token(), own + "\r\n", FileAccess::owner_only));
    std::filesystem::remove(home_.node_token());

    ASSERT_TRUE(admit_file_tokens(home_, house_.fleet));

    const auto& access = house_.fleet.view().access;
    EXPECT_EQ(access.find(old_admin, wall_now()), nullptr);
    EXPECT_EQ(access.find(old_node, wall_now()), nullptr);
    EXPECT_NE(access.find(own, wall_now()), nullptr);
    EXPECT_NE(access.find(secret_in(home_.node_token()), wall_now()), nullptr);
    EXPECT_EQ(house_.fleet.state().access.tokens().size(), 2U);
}

TEST_F(FileTokensTest, AFileWithSomethingElseStopsTheStart) {
    ASSERT_TRUE(write_file_atomically(home_.admin_token(), "", FileAccess::owner_only));

    const auto admitted = admit_file_tokens(home_, house_.fleet);

    ASSERT_FALSE(admitted);
    EXPECT_THAT(describe(admitted.error()), testing::HasSubstr("admin.token does not hold a token"));
}

}  // namespace
}  // namespace rbees::orcd
