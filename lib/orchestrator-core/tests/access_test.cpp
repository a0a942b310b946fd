#include "rbees/orchestrator_core/access.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "rbees/base/hash.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;

constexpr WallTime noon{std::chrono::hours(12)};

Token make_token(const std::string& id, std::string name, std::string_view secret) {
    Token token;
    token.id = TokenId(id);
    token.name = std::move(name);
    token.hash = sha256_hex(secret);
    token.created_at = noon;
    return token;
}

class AccessTest : public testing::Test {
  protected:
    AccessOutcome run(const AccessCommand& command) {
        auto outcome = access.decide(command);
        if (!outcome) return outcome;
        for (const auto& record : *outcome) {
            access.apply(record);
        }
        return outcome;
    }

    [[nodiscard]] std::string name_behind(std::string_view secret, WallTime now = noon) const {
        const AccessView view(access.tokens());
        const auto* found = view.find(secret, now);
        return found == nullptr ? "" : found->name;
    }

    Access access;
};

TEST_F(AccessTest, TokenIsFoundByItsSecretAndNothingElse) {
    ASSERT_TRUE(run(CreateToken{make_token("t1", "laptop", "rbk_one")}));

    EXPECT_EQ(name_behind("rbk_one"), "laptop");
    EXPECT_EQ(name_behind("rbk_two"), "");
    EXPECT_EQ(name_behind(sha256_hex("rbk_one")), "");
    EXPECT_EQ(name_behind(""), "");
}

TEST_F(AccessTest, TokenOpensNothingFromTheMomentItExpires) {
    auto token = make_token("t1", "laptop", "rbk_one");
    token.expires_at = noon + 1h;
    ASSERT_TRUE(run(CreateToken{token}));

    EXPECT_EQ(name_behind("rbk_one", noon + 1h - 1ms), "laptop");
    EXPECT_EQ(name_behind("rbk_one", noon + 1h), "");
}

TEST_F(AccessTest, RevokedTokenOpensNothing) {
    ASSERT_TRUE(run(CreateToken{make_token("t1", "laptop", "rbk_one")}));
    ASSERT_TRUE(run(CreateToken{make_token("t2", "phone", "rbk_two")}));

    ASSERT_TRUE(run(RevokeToken{TokenId("t1")}));

    EXPECT_EQ(name_behind("rbk_one"), "");
    EXPECT_EQ(name_behind("rbk_two"), "phone");
}

TEST_F(AccessTest, PublishedViewKeepsWhatItShowed) {
    ASSERT_TRUE(run(CreateToken{make_token("t1", "laptop", "rbk_one")}));
    const AccessView before(access.tokens());

    ASSERT_TRUE(run(RevokeToken{TokenId("t1")}));

    EXPECT_NE(before.find("rbk_one", noon), nullptr);
}

TEST_F(AccessTest, SecondTokenOfOneNameIsAConflict) {
    ASSERT_TRUE(run(CreateToken{make_token("t1", "laptop", "rbk_one")}));

    const auto outcome = run(CreateToken{make_token("t2", "laptop", "rbk_two")});

    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::CONFLICT);
    EXPECT_NE(outcome.error().hint.value_or("").find("rbees tokens revoke t1"), std::string::npos);
    EXPECT_EQ(name_behind("rbk_two"), "");
}

TEST_F(AccessTest, NewTokenTakesThePlaceOfAnExpiredOneOfItsName) {
    auto old = make_token("t1", "laptop", "rbk_one");
    old.expires_at = noon + 1h;
    ASSERT_TRUE(run(CreateToken{old}));
    auto early = make_token("t2", "laptop", "rbk_two");
    early.created_at = noon + 1h - 1ms;
    auto late = make_token("t3", "laptop", "rbk_three");
    late.created_at = noon + 1h;

    EXPECT_FALSE(run(CreateToken{early}));
    ASSERT_TRUE(run(CreateToken{late}));

    EXPECT_EQ(access.tokens().size(), 1U);
    EXPECT_TRUE(access.tokens().contains(TokenId("t3")));
    EXPECT_EQ(name_behind("rbk_three", noon + 2h), "laptop");
}

TEST_F(AccessTest, UnknownTokenCannotBeRevoked) {
    const auto outcome = run(RevokeToken{TokenId("absent")});

    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::NOT_FOUND);
}

TEST_F(AccessTest, FileTokenReplacesTheOneOfTheSameName) {
    ASSERT_TRUE(run(CreateToken{make_token("t1", std::string(admin_file_token), "rbk_old"), TokenOrigin::file}));

    ASSERT_TRUE(run(CreateToken{make_token("t2", std::string(admin_file_token), "rbk_new"), TokenOrigin::file}));

    EXPECT_EQ(name_behind("rbk_old"), "");
    EXPECT_EQ(name_behind("rbk_new"), admin_file_token);
    EXPECT_EQ(access.tokens().size(), 1U);
}

TEST_F(AccessTest, UnchangedFileTokenWritesNothing) {
    ASSERT_TRUE(run(CreateToken{make_token("t1", std::string(node_file_token), "rbk_node"), TokenOrigin::file}));

    const auto outcome =
        run(CreateToken{make_token("t2", std::string(node_file_token), "rbk_node"), TokenOrigin::file});

    ASSERT_TRUE(outcome);
    EXPECT_TRUE(outcome->empty());
    EXPECT_TRUE(access.tokens().contains(TokenId("t1")));
}

TEST_F(AccessTest, UserCannotTakeTheNameOfAFileToken) {
    for (const auto name : {admin_file_token, node_file_token}) {
        const auto outcome = run(CreateToken{make_token("t1", std::string(name), "rbk_mine")});

        ASSERT_FALSE(outcome) << name;
        EXPECT_EQ(outcome.error().code, ErrorCode::CONFLICT);
    }
}

TEST_F(AccessTest, UserCannotRevokeAFileToken) {
    ASSERT_TRUE(run(CreateToken{make_token("t1", std::string(admin_file_token), "rbk_admin"), TokenOrigin::file}));

    const auto outcome = run(RevokeToken{TokenId("t1")});

    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::CONFLICT);
    EXPECT_EQ(name_behind("rbk_admin"), admin_file_token);
}

TEST_F(AccessTest, RestoredTokenWorksAsBefore) {
    access.restore(make_token("t1", "laptop", "rbk_one"));

    EXPECT_EQ(name_behind("rbk_one"), "laptop");
    EXPECT_FALSE(run(CreateToken{make_token("t2", "laptop", "rbk_two")}));
}

AccessCommand any_command() {
    const auto id = *rc::gen::element<std::string>("t1", "t2", "t3");
    if (*rc::gen::arbitrary<bool>()) return RevokeToken{TokenId(id)};
    // An id is made for one token only, so it goes with one name.
    const std::map<std::string, std::string> names{{"t1", "laptop"}, {"t2", "file:admin"}, {"t3", "file:admin"}};
    const auto origin = *rc::gen::element(TokenOrigin::user, TokenOrigin::file);
    return CreateToken{make_token(id, names.at(id), *rc::gen::element<std::string>("one", "two")), origin};
}

RC_GTEST_PROP(AccessProperty, NamesStayUniqueAndRecordsRebuildTheState, ()) {
    Access access;
    Access replayed;
    const auto steps = *rc::gen::inRange(0, 30);
    for (int step = 0; step < steps; ++step) {
        const auto outcome = access.decide(any_command());
        if (!outcome) continue;
        for (const auto& record : *outcome) {
            access.apply(record);
            replayed.apply(record);
        }
    }

    RC_ASSERT((access.tokens() == replayed.tokens()));
    std::vector<std::string> names;
    for (const auto& [id, token] : access.tokens()) {
        names.push_back(token.name);
    }
    std::ranges::sort(names);
    RC_ASSERT((std::ranges::adjacent_find(names) == names.end()));
}

RC_GTEST_PROP(AccessProperty, TokenReadsBackFromItsJsonForm, (const std::map<std::string, std::int64_t>& limits)) {
    auto token = make_token("t1", "laptop", "rbk_one");
    token.role = *rc::gen::element(contracts::Role::admin, contracts::Role::node);
    token.limits.clear();
    for (const auto& [name, value] : limits) {
        token.limits.emplace(to_hex(name), value);  // members are UTF-8
    }
    token.models = {ModelId("smollm2")};
    token.scopes = {"chat"};
    if (*rc::gen::arbitrary<bool>()) token.expires_at = noon + std::chrono::hours(*rc::gen::inRange(-9999, 9999));

    const auto read = reflect::from_json_text<Token>(reflect::to_json_text(token));

    RC_ASSERT(read.has_value());
    RC_ASSERT((*read == token));
}

}  // namespace
}  // namespace rbees::orchestrator
