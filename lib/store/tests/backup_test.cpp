#include "backup.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>

#include "fault_vfs.hpp"
#include "journal_fixture.hpp"
#include "rbees/base/files.hpp"
#include "sqlite.hpp"

namespace rbees::store {
namespace {

class BackupTest : public JournalTest {
  protected:
    void SetUp() override {
        std::filesystem::create_directory(folder.path() / "backups");
        open();
        write("one");
    }

    void write(const std::string& body) {
        Batch batch = batch_of(body);
        batch.entities = {job(body)};
        batch.payloads = {{body, "salt", "text of " + body}};
        ASSERT_TRUE(commit(std::move(batch)));
    }

    [[nodiscard]] std::filesystem::path target() const { return folder.path() / "backups" / "b"; }

    std::set<std::string> names_in(const std::filesystem::path& where) {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(where))
            names.insert(entry.path().filename());
        return names;
    }

    /// What a database holds, opened as a journal.
    std::vector<std::string> bodies_of(const std::filesystem::path& database) {
        std::vector<std::string> found;
        auto opened = Journal::open(database, test_options());
        EXPECT_TRUE(opened) << describe(opened.error().failure);
        if (!opened) return found;
        auto reader = (*opened)->open_reader().value();
        EXPECT_FALSE(reader->verify().first_problem);
        EXPECT_TRUE(reader->replay(1, [&](const StoredRecord& one) { found.push_back(one.record.body); }));
        return found;
    }

    void change_backup(const char* sql) {
        const auto database = Database::open(target(), SQLITE_OPEN_READWRITE, "").value();
        ASSERT_TRUE(database.execute(sql));
    }
};

TEST_F(BackupTest, HoldsWhatIsCommittedAndItsManifestSaysSo) {
    const auto manifest = journal->backup(target());

    ASSERT_TRUE(manifest) << describe(manifest.error());
    EXPECT_EQ(manifest->head, journal->head());
    EXPECT_EQ(manifest->program, test_options().program_version);
    EXPECT_EQ(verify_backup(target()).value(), *manifest);
    EXPECT_EQ(names_in(folder.path() / "backups"), (std::set<std::string>{"b", "b.manifest"}));
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "backups")) {
        struct stat status{};
        ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600U) << entry.path();
    }
    EXPECT_EQ(Reader::open(target()).value()->payload("one")->value().bytes, "text of one");
}

TEST_F(BackupTest, IsMadeWhileCommitsGoOn) {
    std::atomic<int> reported = 0;
    for (int i = 0; i < 500; ++i)
        ASSERT_TRUE(journal->append(batch_of("more"), [&](CommitResult) { ++reported; }));

    const auto manifest = journal->backup(target());

    ASSERT_TRUE(manifest) << describe(manifest.error());
    EXPECT_TRUE(verify_backup(target()));
    journal->stop();
    EXPECT_EQ(reported, 500);
    EXPECT_FALSE(reader()->verify(manifest->head).first_problem);
}

TEST_F(BackupTest, NeverOverwritesAFile) {
    std::ofstream(target()) << "theirs";

    EXPECT_FALSE(journal->backup(target()));

    EXPECT_EQ(read_file(target()).value(), "theirs");
    EXPECT_EQ(names_in(folder.path() / "backups"), std::set<std::string>{"b"});
}

TEST_F(BackupTest, OfADamagedDatabaseFailsWithWhatIsDamagedAndLeavesNothing) {
    journal.reset();
    ASSERT_TRUE(Database::open(path(), SQLITE_OPEN_READWRITE, "")->execute("UPDATE entity SET json = '{}'"));
    open();

    const auto manifest = journal->backup(target());

    ASSERT_FALSE(manifest);
    EXPECT_NE(manifest.error().message.find("job one is damaged"), std::string::npos) << describe(manifest.error());
    EXPECT_TRUE(names_in(folder.path() / "backups").empty());
}

TEST_F(BackupTest, DiskThatFailsAtAnyOperationLeavesNoBackupAndAGoodJournal) {
    journal.reset();
    constexpr std::size_t operations_max = 500;
    for (const int code : {SQLITE_FULL, SQLITE_IOERR}) {
        bool was_hit = true;
        std::size_t at = 1;
        for (; was_hit && at < operations_max && !HasFailure(); ++at) {
            SCOPED_TRACE(fmt::format("code {} at operation {}", code, at));
            const FaultVfs vfs({at, std::nullopt, code, true});
            const auto made = create_backup(path(), target(), vfs.name());
            was_hit = vfs.was_hit();
            if (made) {
                EXPECT_TRUE(verify_backup(target()));
            } else {
                EXPECT_FALSE(std::filesystem::exists(target()));
            }
            std::filesystem::remove(target());
        }
        EXPECT_FALSE(was_hit);
        EXPECT_GT(at, 3U);
    }
    EXPECT_EQ(bodies_of(path()), std::vector<std::string>{"one"});
}

TEST_F(BackupTest, ThatWasChangedOrCutOrHasAnotherManifestIsNotGood) {
    write("two");
    ASSERT_TRUE(journal->backup(target()));
    const auto good = read_file(target()).value();

    change_backup("UPDATE payload SET bytes = x'00' WHERE id = 'one'");
    EXPECT_FALSE(verify_backup(target()));
    std::ofstream(target(), std::ios::binary) << good;
    ASSERT_TRUE(verify_backup(target()));
    change_backup(
        "DELETE FROM journal WHERE sequence = 2; "
        "UPDATE head SET sequence = 1, hash = (SELECT hash FROM journal)");
    EXPECT_FALSE(verify_backup(target())) << "its end was cut off, its own head with it";
    std::ofstream(target(), std::ios::binary) << good;
    std::ofstream(beside(target(), ".manifest"), std::ios::app) << "more";
    EXPECT_FALSE(verify_backup(target()));
    std::filesystem::remove(beside(target(), ".manifest"));
    EXPECT_FALSE(verify_backup(target()));
}

TEST_F(BackupTest, OfAnotherFormatIsRefusedWithTheReleaseThatRestoresIt) {
    ASSERT_TRUE(journal->backup(target()));
    auto text = read_file(beside(target(), ".manifest")).value();
    text.replace(text.find("format 3"), 8, "format 9");
    std::ofstream(beside(target(), ".manifest")) << text;

    const auto refused = verify_backup(target());

    ASSERT_FALSE(refused);
    EXPECT_NE(describe(refused.error()).find("restore it with rbees 0.1.0"), std::string::npos);
}

TEST_F(BackupTest, RestorePutsItBackAndMovesTheOldOneAside) {
    ASSERT_TRUE(journal->backup(target()));
    write("two");
    journal.reset();

    const auto restored = restore_backup(target(), path());

    ASSERT_TRUE(restored) << describe(restored.error());
    EXPECT_EQ(bodies_of(path()), std::vector<std::string>{"one"});
    EXPECT_EQ(bodies_of(restored->moved_aside), (std::vector<std::string>{"one", "two"}));
    EXPECT_TRUE(verify_backup(target())) << "the backup stays";
    const auto again = restore_backup(target(), path());
    EXPECT_NE(again->moved_aside, restored->moved_aside);
}

TEST_F(BackupTest, RestoreIntoAnEmptyFolderHasNothingToMove) {
    ASSERT_TRUE(journal->backup(target()));
    std::filesystem::create_directory(folder.path() / "new");

    const auto restored = restore_backup(target(), folder.path() / "new" / "orcd.db");

    EXPECT_EQ(restored->moved_aside, "");
    EXPECT_EQ(bodies_of(folder.path() / "new" / "orcd.db"), std::vector<std::string>{"one"});
}

TEST_F(BackupTest, RestoreIsRefusedWhileTheDatabaseIsOpen) {
    ASSERT_TRUE(journal->backup(target()));

    const auto refused = restore_backup(target(), path());

    ASSERT_FALSE(refused);
    EXPECT_NE(describe(refused.error()).find("stop rbees-orcd"), std::string::npos) << describe(refused.error());
    EXPECT_TRUE(commit(batch_of("still works")));
}

TEST_F(BackupTest, RestoreOfABadBackupChangesNothing) {
    ASSERT_TRUE(journal->backup(target()));
    journal.reset();
    change_backup("UPDATE entity SET json = '{}'");
    const auto before = names_in(folder.path());

    EXPECT_FALSE(restore_backup(target(), path()));

    EXPECT_EQ(names_in(folder.path()), before);
    EXPECT_EQ(bodies_of(path()), std::vector<std::string>{"one"});
}

/// Restores in a child that ends at its step `at`. Whether it got there.
bool is_killed_at_step(const std::filesystem::path& backup, const std::filesystem::path& database, int at) {
    constexpr int killed = 77;
    const auto child = ::fork();
    if (child == 0) {
        const auto step = [&at] {
            if (--at == 0) ::_exit(killed);
        };
        ::_exit(restore_in_steps(backup, database, step) ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == killed)) << status;
    return WEXITSTATUS(status) == killed;
}

TEST_F(BackupTest, RestoreKilledAtAnyStepLeavesTheOldTheNewOrOneToBeRunAgain) {
    ASSERT_TRUE(journal->backup(target()));
    journal.reset();
    constexpr int steps_max = 30;
    int refused_after = 0;
    bool goes_on = true;
    int at = 0;
    while (goes_on && ++at < steps_max && !HasFailure()) {
        SCOPED_TRACE(fmt::format("killed at step {}", at));
        const TemporaryFolder home;
        const auto database = home.path() / "orcd.db";
        {
            auto old = Journal::open(database, test_options()).value();
            ASSERT_TRUE(old->append(batch_of("old"), [](CommitResult) {}));
        }
        std::ofstream(beside(database, "-wal"));  // a log is there after a crash
        goes_on = is_killed_at_step(target(), database, at);
        if (std::filesystem::exists(restoring_marker(database))) {
            ++refused_after;
            const auto refused = Journal::open(database, test_options());
            ASSERT_FALSE(refused);
            EXPECT_NE(describe(refused.error().failure).find("run the restore again"), std::string::npos);
            EXPECT_EQ(bodies_of(beside(database, ".replaced-1")), std::vector<std::string>{"old"});
        } else {
            EXPECT_EQ(bodies_of(database), std::vector<std::string>{at < 5 ? "old" : "one"});
        }
        ASSERT_TRUE(restore_backup(target(), database));
        EXPECT_EQ(bodies_of(database), std::vector<std::string>{"one"});
    }
    EXPECT_FALSE(goes_on);
    EXPECT_EQ(refused_after, 4) << "the log, its index, its kept head, the database itself";
}

}  // namespace
}  // namespace rbees::store
