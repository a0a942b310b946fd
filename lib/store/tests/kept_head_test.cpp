#include "kept_head.hpp"

#include <fstream>

#include "journal_fixture.hpp"

namespace rbees::store {
namespace {

/// A journal that died with two records in its log, in a folder of its own.
class KeptHeadTest : public JournalTest {
  protected:
    void SetUp() override {
        open();
        ASSERT_TRUE(commit(batch_of("one")));
        reopen();  // the first is in the database now
        ASSERT_TRUE(commit(batch_of("two")));
        ASSERT_TRUE(commit(batch_of("three")));
        std::filesystem::create_directory(folder.path() / "dead");
        for (const auto* name : {"orcd.db", "orcd.db-wal", "orcd.db.head"})
            std::filesystem::copy_file(folder.path() / name, folder.path() / "dead" / name);
        journal.reset();
    }

    [[nodiscard]] std::filesystem::path dead(const char* name) const { return folder.path() / "dead" / name; }

    void expect_refused(const char* what) {
        const auto opened = Journal::open(dead("orcd.db"), test_options());

        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().problem, OpenProblem::damaged);
        EXPECT_NE(opened.error().failure.message.find(what), std::string::npos) << opened.error().failure.message;
        EXPECT_NE(opened.error().failure.remedy.find("restore a backup"), std::string::npos);
    }
};

TEST_F(KeptHeadTest, LogThatIsWholeOpens) {
    const auto opened = Journal::open(dead("orcd.db"), test_options());

    ASSERT_TRUE(opened) << describe(opened.error().failure);
    EXPECT_EQ((*opened)->head().sequence, 3U);
}

TEST_F(KeptHeadTest, LogThatWasRemovedIsMissed) {
    std::filesystem::remove(dead("orcd.db-wal"));

    expect_refused("ends at record 1, but record 3 was written");
}

TEST_F(KeptHeadTest, LogThatWasCutIsMissed) {
    std::filesystem::resize_file(dead("orcd.db-wal"), std::filesystem::file_size(dead("orcd.db-wal")) - 1);

    expect_refused("ends at record 2, but record 3 was written");
}

TEST_F(KeptHeadTest, JournalThatIsOnlyReadMissesItToo) {
    std::filesystem::remove(dead("orcd.db-wal"));
    auto reader = Reader::open(dead("orcd.db"));
    ASSERT_TRUE(reader);

    const auto report = (*reader)->verify();

    ASSERT_TRUE(report.first_problem);
    EXPECT_NE(report.first_problem->find("its end was cut off"), std::string::npos) << *report.first_problem;
}

TEST_F(KeptHeadTest, AnotherLastRecordIsMissed) {
    auto other = *read_kept_head(dead("orcd.db"));
    other.hash[0] ^= 1;
    KeptHead(dead("orcd.db")).write(other);

    expect_refused("record 3 in ");
}

TEST_F(KeptHeadTest, WithoutTheFileOrWithAnOlderOneItOpensAndKeepsAgain) {
    for (const auto* text : {"", "what is this\n", "00000000000000000001 ffff\n"}) {
        std::ofstream(dead("orcd.db.head"), std::ios::trunc) << text;
        auto opened = Journal::open(dead("orcd.db"), test_options());
        ASSERT_TRUE(opened) << describe(opened.error().failure);
        journal = std::move(*opened);
        ASSERT_TRUE(commit(batch_of("more")));

        EXPECT_EQ(read_kept_head(dead("orcd.db")), journal->head());
        journal.reset();
    }
}

TEST_F(KeptHeadTest, RestoredBackupIsNotMeasuredAgainstWhatItReplaces) {
    open();
    const auto made = journal->backup(folder.path() / "backup");
    ASSERT_TRUE(made) << describe(made.error());
    ASSERT_TRUE(commit(batch_of("after the backup")));
    journal.reset();

    const auto restored = restore_backup(folder.path() / "backup", path());

    ASSERT_TRUE(restored) << describe(restored.error());
    open();
    EXPECT_EQ(journal->head().sequence, 3U);
}

}  // namespace
}  // namespace rbees::store
