#include "schema.hpp"

#include <fmt/format.h>

#include <vector>

#include "fault_vfs.hpp"
#include "journal_fixture.hpp"

namespace rbees::store {
namespace {

constexpr Migration next_step = "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT; INSERT INTO extra VALUES (1);";
constexpr Migration broken_step = "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT; INSERT INTO absent VALUES (1);";

class SchemaTest : public JournalTest {
  protected:
    Database database(const std::string& vfs = "") {
        return Database::open(path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs).value();
    }

    auto upgrade(const Database& to, Migration step) {
        std::vector<Migration> steps(migrations().begin(), migrations().end());
        steps.push_back(step);
        return bring_up_to_date(to, steps, "0.9.0", path().native());
    }

    std::int64_t version() { return database().integer("PRAGMA user_version").value(); }
    static std::int64_t newest() { return std::ssize(migrations()); }
    bool has_extra() { return database().integer("SELECT count(*) FROM sqlite_schema WHERE name = 'extra'") == 1; }

    void make_a_record() {
        open();
        ASSERT_TRUE(commit(batch_of("kept")));
        journal.reset();
    }
};

TEST_F(SchemaTest, OlderDatabaseIsBroughtUpToDateWithItsContent) {
    make_a_record();

    ASSERT_TRUE(upgrade(database(), next_step));

    EXPECT_EQ(version(), newest() + 1);
    EXPECT_TRUE(has_extra());
    EXPECT_EQ(database().text("SELECT body FROM journal"), "kept");
}

TEST_F(SchemaTest, NewerDatabaseIsRefusedWithTheReleaseItNeeds) {
    make_a_record();
    ASSERT_TRUE(upgrade(database(), next_step));

    const auto opened = Journal::open(path(), test_options());

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().problem, OpenProblem::newer);
    EXPECT_NE(describe(opened.error().failure).find("rbees 0.9.0 or newer"), std::string::npos)
        << describe(opened.error().failure);
    EXPECT_EQ(version(), newest() + 1);
}

TEST_F(SchemaTest, FailedStepLeavesTheOldForm) {
    make_a_record();

    EXPECT_FALSE(upgrade(database(), broken_step));

    EXPECT_EQ(version(), newest());
    EXPECT_FALSE(has_extra());
    EXPECT_EQ(database().text("SELECT value FROM about WHERE key = 'program'"), test_options().program_version);
}

TEST_F(SchemaTest, UpgradeCutOffAtAnyOperationIsOldOrNewAndCanBeTakenAgain) {
    constexpr std::size_t operations_max = 500;
    bool was_hit = true;
    for (std::size_t at = 1; was_hit && at < operations_max && !HasFailure(); ++at) {
        SCOPED_TRACE(fmt::format("power cut at operation {}", at));
        std::filesystem::remove_all(folder.path());
        std::filesystem::create_directory(folder.path());
        make_a_record();
        {
            FaultVfs vfs({at, std::nullopt, SQLITE_IOERR, true});
            (void)upgrade(database(vfs.name()), next_step);
            was_hit = vfs.was_hit();
            if (was_hit) vfs.cut_power(static_cast<std::uint32_t>(at));
        }

        EXPECT_EQ(has_extra(), version() == newest() + 1);
        ASSERT_TRUE(upgrade(database(), next_step));
        EXPECT_EQ(version(), newest() + 1);
        EXPECT_EQ(database().text("SELECT body FROM journal"), "kept");
    }
    EXPECT_FALSE(was_hit);
}

TEST_F(SchemaTest, DatabaseOfAnotherProgramIsRefused) {
    ASSERT_TRUE(database().execute("CREATE TABLE theirs (x)"));

    const auto opened = Journal::open(path(), test_options());

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().problem, OpenProblem::damaged);
    EXPECT_EQ(database().integer("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST_F(SchemaTest, WriterSyncsEveryCommitAndNeverCheckpointsByItself) {
    auto connection = database();
    ASSERT_TRUE(bring_up_to_date(connection, migrations(), "0.1.0", path().native()));

    EXPECT_EQ(connection.text("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(connection.integer("PRAGMA synchronous"), 2);
    EXPECT_EQ(connection.integer("PRAGMA wal_autocheckpoint"), 0);
    EXPECT_EQ(connection.integer("PRAGMA secure_delete"), 1);
}

TEST_F(SchemaTest, EveryFilterHasAnIndexThatAlsoSorts) {
    auto connection = database();
    ASSERT_TRUE(bring_up_to_date(connection, migrations(), "0.1.0", path().native()));

    for (const auto* column : {"status", "model", "owner", "parent"}) {
        auto plan = connection.prepare(
            fmt::format("EXPLAIN QUERY PLAN SELECT * FROM entity WHERE kind = 'job' AND {0} = 'x' AND {0} <> '' "
                        "ORDER BY created_at DESC, id DESC LIMIT 10",
                        column));
        ASSERT_TRUE(plan);
        ASSERT_TRUE(plan->step().value());
        EXPECT_NE(plan->text(3).find(fmt::format("entity_by_{}", column)), std::string::npos) << plan->text(3);
        EXPECT_FALSE(plan->step().value()) << "a second step is a sort";
    }
}

TEST_F(SchemaTest, WhatIsDueIsFoundInAnIndexThatAlsoSorts) {
    auto connection = database();
    ASSERT_TRUE(bring_up_to_date(connection, migrations(), "0.1.0", path().native()));

    auto plan = connection.prepare(
        "EXPLAIN QUERY PLAN SELECT * FROM entity WHERE kind = 'job' AND due_at <= 7 ORDER BY due_at, id");

    ASSERT_TRUE(plan);
    ASSERT_TRUE(plan->step().value());
    EXPECT_NE(plan->text(3).find("entity_by_due"), std::string::npos) << plan->text(3);
    EXPECT_FALSE(plan->step().value()) << "a second step is a sort";
}

}  // namespace
}  // namespace rbees::store
