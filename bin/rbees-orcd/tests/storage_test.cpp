/// A real rbees-orcd and its journal: pages of records, the check of everything, backups, old records.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "house.hpp"
#include "rbees/contracts/storage.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/store/backup.hpp"

namespace rbees::orcd {
namespace {

using contracts::AuditPage;
using contracts::AuditReport;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// An rbees-orcd with two tokens of its own and one that was made.
class Storage : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(orcd.wait_until_ready());
        ASSERT_EQ(orcd.ask("POST", "/v2/tokens", R"({"name":"laptop"})").status, 201);
    }

    template <class T>
    T get(const std::string& target) {
        const auto answer = orcd.ask("GET", target);
        EXPECT_EQ(answer.status, 200) << answer.body;
        return reflect::from_json_text<T>(answer.body).value();
    }

    TestFolder home;
    OrcdProcess orcd{home.path(), {}};
};

TEST_F(Storage, RecordsArePagedInTheirOrderAndByType) {
    const auto all = get<AuditPage>("/v2/audit");
    const auto second = get<AuditPage>("/v2/audit?since=1&limit=1");
    const auto tokens = get<AuditPage>("/v2/audit?type=token:created");

    ASSERT_GE(all.records.size(), 3U);
    EXPECT_EQ(all.next, std::nullopt);
    EXPECT_EQ(all.records.back().type, "token:created");
    EXPECT_EQ(all.records.back().body.at("token").at("name"), "laptop");
    ASSERT_THAT(second.records, SizeIs(1));
    EXPECT_EQ(second.records[0].sequence, 2U);
    EXPECT_EQ(second.next, 2U);
    EXPECT_THAT(tokens.records, SizeIs(3)) << "two of files, one that was made";
}

TEST_F(Storage, HashesOfTokensAreNotShown) {
    const auto tokens = get<AuditPage>("/v2/audit?type=token:created");

    ASSERT_THAT(tokens.records, Not(IsEmpty()));
    for (const auto& record : tokens.records) {
        EXPECT_FALSE(record.body.at("token").as_object().contains("hash"));
        EXPECT_TRUE(record.body.at("token").as_object().contains("role"));
    }
    EXPECT_TRUE(get<AuditReport>("/v2/audit/verify").good) << "the journal has them";
}

TEST_F(Storage, AWrongPageIsRefusedWithTheParameter) {
    for (const auto* target : {"/v2/audit?since=x", "/v2/audit?limit=0", "/v2/audit?limit=1001", "/v2/audit?limit="}) {
        const auto answer = orcd.ask("GET", target);

        EXPECT_EQ(answer.status, 400) << target;
        EXPECT_THAT(answer.body, HasSubstr("whole number from"));
    }
}

TEST_F(Storage, AWrongPageIsRefusedWithEveryParameterThatIsWrong) {
    const auto answer = orcd.ask("GET", "/v2/audit?since=x&limit=0&type=");

    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr("the query is not valid: ?since: "));
    EXPECT_THAT(answer.body, HasSubstr("?type: must not be empty"));
    EXPECT_THAT(answer.body, HasSubstr("?limit: must be a whole number from 1 to 1000"));
}

TEST_F(Storage, AGoodJournalIsFoundGood) {
    const auto report = get<AuditReport>("/v2/audit/verify");

    EXPECT_TRUE(report.good);
    EXPECT_EQ(report.first, 1U);
    EXPECT_EQ(report.records, report.head.sequence);
    EXPECT_THAT(report.head.hash, SizeIs(64));
    EXPECT_EQ(report.entities, 3U);
}

TEST_F(Storage, ABackupIsMadeWhileItRunsAndHoldsTheToken) {
    const auto target = home.path() / "copy";

    const auto answer = orcd.ask("POST", "/v2/backup", fmt::format(R"({{"path":"{}"}})", target.native()));

    ASSERT_EQ(answer.status, 201) << answer.body;
    const auto made = reflect::from_json_text<contracts::Backup>(answer.body).value();
    EXPECT_EQ(made.path, target.native());
    EXPECT_EQ(made.head.sequence, get<AuditReport>("/v2/audit/verify").head.sequence);
    EXPECT_TRUE(store::verify_backup(target));
    const auto rows = store::Reader::open(target).value()->live_entities("token").value();
    EXPECT_TRUE(std::ranges::any_of(rows, [](const auto& row) { return row.entity.json.contains("laptop"); }));
}

TEST_F(Storage, TwoChecksAtOnceAreOneAndARefusal) {
    const auto admin = orcd.token("admin");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::vector<std::string> refusals;
    while (refusals.empty() && std::chrono::steady_clock::now() < limit) {
        std::vector<std::unique_ptr<Conversation>> conversations;
        for (int count = 0; count < 8; ++count) {
            conversations.push_back(std::make_unique<Conversation>(
                Asking{.port = orcd.port(), .target = "/v2/audit/verify", .token = admin}));
        }
        for (const auto& conversation : conversations) {
            if (conversation->status() == 200) continue;
            EXPECT_EQ(conversation->status(), 409);
            refusals.push_back(conversation->body());
        }
    }

    ASSERT_THAT(refusals, Not(IsEmpty()));
    EXPECT_THAT(refusals.front(), HasSubstr(R"("code":"CONFLICT")"));
    EXPECT_THAT(refusals.front(), HasSubstr("a check or a backup of the journal is under way"));
}

TEST_F(Storage, ABackupBesideAnotherOneIsRefusedAndLeavesNoFile) {
    const auto admin = orcd.token("admin");
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::vector<std::string> refusals;
    for (int number = 0; refusals.empty() && std::chrono::steady_clock::now() < limit;) {
        std::vector<std::pair<std::filesystem::path, std::unique_ptr<Conversation>>> conversations;
        for (int count = 0; count < 8; ++count) {
            const auto target = home.path() / fmt::format("copy-{}", number++);
            const auto body = fmt::format(R"({{"path":"{}"}})", target.native());
            conversations.emplace_back(
                target,
                std::make_unique<Conversation>(Asking{
                    .port = orcd.port(), .method = "POST", .target = "/v2/backup", .token = admin, .body = body}));
        }
        for (const auto& [target, conversation] : conversations) {
            const bool is_made = conversation->status() == 201;
            EXPECT_EQ(std::filesystem::exists(target), is_made) << target;
            if (is_made) continue;
            EXPECT_EQ(conversation->status(), 409);
            refusals.push_back(conversation->body());
        }
    }

    ASSERT_THAT(refusals, Not(IsEmpty()));
    EXPECT_THAT(refusals.front(), HasSubstr(R"("code":"CONFLICT")"));
    EXPECT_THAT(refusals.front(), HasSubstr("a check or a backup of the journal is under way"));
}

TEST_F(Storage, BackupsOneAfterTheOtherNeverMeetEachOther) {
    for (int number = 0; number < 20; ++number) {
        const auto target = home.path() / fmt::format("copy-{}", number);

        const auto answer = orcd.ask("POST", "/v2/backup", fmt::format(R"({{"path":"{}"}})", target.native()));

        ASSERT_EQ(answer.status, 201) << answer.body;
    }
}

TEST_F(Storage, ABackupGoesNowhereWhereSomethingIsOrNothingCanBe) {
    const std::vector<std::pair<std::string, int>> wishes = {
        {(home.path() / "state" / "orcd.db").native(), 409},
        {"relative/path", 400},
        {(home.path() / "absent" / "copy").native(), 400},
        {home.path().native() + "/", 400},
    };
    for (const auto& [path, status] : wishes) {
        const auto answer = orcd.ask("POST", "/v2/backup", fmt::format(R"({{"path":"{}"}})", path));

        EXPECT_EQ(answer.status, status) << path << answer.body;
    }
    EXPECT_EQ(orcd.ask("POST", "/v2/backup", "{}").status, 400);
}

TEST_F(Storage, ItsRoutesAreForAdminsOnly) {
    const auto token = orcd.token("node");
    const Asking asking{.port = orcd.port(), .token = token};
    for (const auto* target : {"/v2/audit", "/v2/audit/verify"}) {
        auto asked = asking;
        asked.target = target;
        EXPECT_EQ(ask_once(asked).status, 403) << target;
    }
    auto backup = asking;
    backup.method = "POST";
    backup.target = "/v2/backup";
    EXPECT_EQ(ask_once(backup).status, 403);
}

TEST(OldRecords, GoWhenTheyAreOlderThanTheOptionSaysAndTheRestStaysGood) {
    TestFolder home;
    {
        OrcdProcess orcd(home.path(), {});
        ASSERT_TRUE(orcd.wait_until_ready());
        ASSERT_EQ(orcd.ask("POST", "/v2/tokens", R"({"name":"laptop"})").status, 201);
        orcd.terminate();
        orcd.wait_for_end();
    }
    OrcdProcess orcd(home.path(), {{"RBEES_STORAGE_JOURNAL_KEEP", "1ms"}});
    ASSERT_TRUE(orcd.wait_until_ready());

    EXPECT_TRUE(orcd.wait_for_answer("/v2/audit?limit=1", R"("type":"journal:checkpoint")"));

    const auto answer = orcd.ask("GET", "/v2/audit/verify");
    EXPECT_THAT(answer.body, HasSubstr(R"("good":true)"));
    EXPECT_THAT(answer.body, Not(HasSubstr(R"("first":1,)")));
    EXPECT_THAT(orcd.ask("GET", "/v2/tokens").body, HasSubstr("laptop"));
}

/// An rbees-orcd that starts again while its state folder takes no writes, if this machine lets a test arrange that.
class Degraded : public testing::Test {
  protected:
    void SetUp() override {
        if (std::system("unshare -rm true 2> /dev/null") != 0)
            GTEST_SKIP() << "mounts: none of one's own on this machine";
        OrcdProcess before(home.path(), {});
        ASSERT_TRUE(before.wait_until_ready());
        ASSERT_EQ(before.ask("POST", "/v2/tokens", R"({"name":"laptop"})").status, 201);
        port = before.port();
        token = before.token("admin");
        before.terminate();
        before.wait_for_end();
        std::filesystem::remove(home.path() / "output.log");  // it said "ready" there
    }

    /// `arrange` is a shell command that finds the state folder in $STATE.
    std::unique_ptr<OrcdProcess> start(const std::string& arrange) {
        const std::map<std::string, std::string> variables = {{"STATE", (home.path() / "state").native()}};
        return std::make_unique<OrcdProcess>(
            home.path(), variables, fmt::format("127.0.0.1:{}", port),
            std::vector<std::string>{"/usr/bin/unshare", "-rm", "sh", "-c", arrange + R"( && exec "$@")", "sh"});
    }

    Answer ask(std::string_view method, std::string_view target, std::string_view body = {}) {
        return ask_once({.port = port, .method = method, .target = target, .token = token, .body = body});
    }

    void expect_reading_only() {
        EXPECT_THAT(ask("GET", "/ready").body, HasSubstr(R"("degraded":[)"));
        EXPECT_THAT(ask("GET", "/v2/tokens").body, HasSubstr("laptop"));
        EXPECT_THAT(ask("GET", "/v2/audit/verify").body, HasSubstr(R"("good":true)"));
        const auto refused = ask("POST", "/v2/tokens", R"({"name":"phone"})");
        EXPECT_EQ(refused.status, 507);
        EXPECT_THAT(refused.body, HasSubstr("STORAGE_FULL"));
        EXPECT_THAT(refused.body, HasSubstr("could only be opened for reading"));
    }

    TestFolder home;
    std::uint16_t port = 0;
    std::string token;
};

TEST_F(Degraded, OnAReadOnlyFileSystemItAnswersReadsAndSaysWhy) {
    const auto orcd = start(R"(mount --bind "$STATE" "$STATE" && mount -o remount,ro,bind "$STATE")");
    ASSERT_TRUE(orcd->wait_for_log(R"("msg":"ready")"));

    expect_reading_only();
    EXPECT_THAT(ask("GET", "/ready").body,
                HasSubstr("when that is mended, rbees-orcd ends and its supervisor starts it anew"));
}

TEST_F(Degraded, OnAFullFileSystemItAnswersReadsAndSaysWhy) {
    const auto orcd =
        start(R"(cp -r "$STATE" "$STATE.kept" && mount -t tmpfs -o size=2m tmpfs "$STATE" && )"
              R"(cp "$STATE.kept"/orcd.db "$STATE" && { cat /dev/zero > "$STATE/filler" || true; } 2> /dev/null)");
    ASSERT_TRUE(orcd->wait_for_log(R"("msg":"ready")"));

    expect_reading_only();
}

}  // namespace
}  // namespace rbees::orcd
