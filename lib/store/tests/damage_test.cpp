#include <fmt/format.h>

#include "journal_fixture.hpp"
#include "sqlite.hpp"

namespace rbees::store {
namespace {

/// A closed journal of three records, two entities and a payload, that somebody changes with SQL.
class DamageTest : public JournalTest {
  protected:
    void SetUp() override {
        open();
        for (const auto* body : {"one", "two", "three"})
            ASSERT_TRUE(commit(batch_of(body)));
        ASSERT_TRUE(commit({.at = noon, .entities = {job("a"), job("b")}, .payloads = {{"p", "salt", "text"}}}));
        head = journal->head();
        journal.reset();
    }

    /// By somebody who knows of the kept head, too.
    void change(const char* sql) {
        std::filesystem::remove(path().native() + ".head");
        auto database = Database::open(path(), SQLITE_OPEN_READWRITE, "");
        ASSERT_TRUE(database);
        const auto changed = database->execute(sql);
        ASSERT_TRUE(changed) << changed.error().message;
        ASSERT_EQ(sqlite3_changes(database->get()), 1);
        journal.reset();
    }

    std::string first_problem() {
        open();
        return reader()->verify(head).first_problem.value_or("");
    }

    OpenError open_error() {
        const auto opened = Journal::open(path(), test_options());
        return opened ? OpenError{OpenProblem::locked, {"it opened", ""}} : opened.error();
    }

    JournalHead head;
};

TEST_F(DamageTest, UntouchedJournalIsGood) {
    open();
    const auto report = reader()->verify(head);

    EXPECT_EQ(report.first_problem, std::nullopt);
    EXPECT_EQ(report.records, 3U);
    EXPECT_EQ(report.entities, 2U);
    EXPECT_EQ(report.payloads, 1U);
    EXPECT_EQ(report.head, head);
}

TEST_F(DamageTest, ChangedBodyOfARecordIsNamedByItsSequence) {
    change("UPDATE journal SET body = 'tvo' WHERE sequence = 2");

    EXPECT_NE(first_problem().find("record 2 "), std::string::npos);
}

TEST_F(DamageTest, ChangedTypeTimeOrVersionIsFoundToo) {
    for (const auto* column : {"type = 'x:y'", "at = at + 1", "version = 2"}) {
        const auto undo = "INSERT OR REPLACE INTO journal SELECT * FROM kept";
        auto database = Database::open(path(), SQLITE_OPEN_READWRITE, "").value();
        ASSERT_TRUE(database.execute("CREATE TEMP TABLE kept AS SELECT * FROM journal WHERE sequence = 2"));
        ASSERT_TRUE(database.execute(fmt::format("UPDATE journal SET {} WHERE sequence = 2", column).c_str()));

        EXPECT_NE(first_problem().find("record 2 "), std::string::npos) << column;
        journal.reset();
        ASSERT_TRUE(database.execute(undo));
    }
    EXPECT_EQ(first_problem(), "");
}

TEST_F(DamageTest, ChangedHashIsFoundAtItsRecord) {
    change("UPDATE journal SET hash = zeroblob(32) WHERE sequence = 1");

    EXPECT_NE(first_problem().find("record 1 "), std::string::npos);
}

TEST_F(DamageTest, ReplayHandsOutOnlyWhatComesBeforeTheDamage) {
    change("UPDATE journal SET body = 'tvo' WHERE sequence = 2");
    open();
    std::vector<Sequence> seen;
    const auto replayed = reader()->replay(1, [&](const StoredRecord& found) { seen.push_back(found.sequence); });

    EXPECT_FALSE(replayed);
    EXPECT_EQ(seen, std::vector<Sequence>{1});
}

TEST_F(DamageTest, PageStopsAtADamagedRecord) {
    change("UPDATE journal SET body = 'tvo' WHERE sequence = 2");
    open();

    const auto page = reader()->records({}, 10);

    ASSERT_FALSE(page);
    EXPECT_NE(page.error().message.find("record 2 "), std::string::npos);
    EXPECT_TRUE(reader()->records({}, 1)) << "the first is good";
}

TEST_F(DamageTest, DeletedRecordIsMissed) {
    change("DELETE FROM journal WHERE sequence = 2");

    const auto problem = Reader::open(path()).value()->verify(head).first_problem.value_or("");

    EXPECT_NE(problem.find("record 2 is missing"), std::string::npos) << problem;
}

TEST_F(DamageTest, JournalWithoutItsBeginningDoesNotOpen) {
    change("DELETE FROM journal WHERE sequence = 1");

    EXPECT_EQ(open_error().problem, OpenProblem::damaged);
    EXPECT_NE(open_error().failure.message.find("begins at record 2, but record 1"), std::string::npos);
}

TEST_F(DamageTest, JournalWithoutItsEndDoesNotOpen) {
    change("DELETE FROM journal WHERE sequence = 3");

    EXPECT_EQ(open_error().problem, OpenProblem::damaged);
    EXPECT_NE(open_error().failure.message.find("ends at record 2"), std::string::npos);
}

TEST_F(DamageTest, JournalWhoseLastRecordWasChangedDoesNotOpen) {
    change("UPDATE journal SET body = 'x' WHERE sequence = 3");

    EXPECT_EQ(open_error().problem, OpenProblem::damaged);
}

TEST_F(DamageTest, EndThatWasCutWithItsHeadIsFoundByAHeadKeptElsewhere) {
    change("DELETE FROM journal WHERE sequence = 3");
    change("UPDATE head SET sequence = 2, hash = (SELECT hash FROM journal WHERE sequence = 2)");

    EXPECT_NE(first_problem().find("its end was cut off"), std::string::npos);
}

TEST_F(DamageTest, EndThatWasCutWithItsHeadIsFoundByARowThatALaterRecordWrote) {
    change("DELETE FROM journal WHERE sequence = 3");
    change("UPDATE head SET sequence = 2, hash = (SELECT hash FROM journal WHERE sequence = 2)");
    open();

    const auto problem = reader()->verify().first_problem.value_or("");

    EXPECT_NE(problem.find("was written by record 3, but the journal ends at 2"), std::string::npos) << problem;
}

TEST_F(DamageTest, HeadThatIsMissingOrWasSetBackIsFound) {
    change("UPDATE head SET sequence = 2, hash = (SELECT hash FROM journal WHERE sequence = 2)");
    EXPECT_EQ(Reader::open(path()).value()->verify().first_problem, "the journal ends at record 3, its head says 2");

    change("DELETE FROM head");
    EXPECT_NE(Reader::open(path()).value()->verify().first_problem, std::nullopt);
    EXPECT_EQ(open_error().problem, OpenProblem::damaged);
}

TEST_F(DamageTest, DamagedLiveEntityStopsRecovery) {
    change("UPDATE entity SET json = '{}' WHERE id = 'b'");
    open();

    const auto live = reader()->live_entities("job");

    ASSERT_FALSE(live);
    EXPECT_NE(live.error().message.find("job b"), std::string::npos);
    EXPECT_NE(reader()->verify().first_problem->find("job b"), std::string::npos);
}

TEST_F(DamageTest, DamagedEntityIsNeverServedAndLeavesTheOthersInTheList) {
    change("UPDATE entity SET owner = 'eve' WHERE id = 'b'");
    open();

    const auto page = reader()->list("job", {}, std::nullopt, 10);

    EXPECT_FALSE(reader()->entity("job", "b"));
    ASSERT_EQ(page->rows.size(), 1U);
    EXPECT_EQ(page->rows[0].entity.id, "a");
    EXPECT_EQ(page->damaged, std::vector<std::string>{"b"});
}

TEST_F(DamageTest, DueTimeThatWasChangedIsNoticedAndDoesNotHideTheOthersThatAreDue) {
    open();
    auto due = job("c");
    due.due_at = noon;
    ASSERT_TRUE(commit({.at = noon, .entities = {due}}));
    journal.reset();
    change("UPDATE entity SET due_at = 1 WHERE id = 'b'");
    open();

    const auto found = reader()->due("job", noon, 1);

    ASSERT_EQ(found->rows.size(), 1U);
    EXPECT_EQ(found->rows[0].entity.id, "c");
    EXPECT_EQ(found->damaged, std::vector<std::string>{"b"});
}

TEST_F(DamageTest, DamagedPayloadIsNeverServed) {
    change("UPDATE payload SET bytes = CAST('tent' AS BLOB)");
    open();

    const auto payload = reader()->payload("p");

    ASSERT_FALSE(payload);
    EXPECT_NE(payload.error().message.find("payload p"), std::string::npos);
    EXPECT_NE(reader()->verify().first_problem->find("payload p"), std::string::npos);
}

TEST_F(DamageTest, RowThatMovedToAnotherIdIsDamaged) {
    change("UPDATE entity SET id = 'c' WHERE id = 'b'");
    open();

    EXPECT_FALSE(reader()->entity("job", "c"));
}

}  // namespace
}  // namespace rbees::store
