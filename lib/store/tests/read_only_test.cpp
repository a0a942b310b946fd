#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "fault_vfs.hpp"
#include "journal_fixture.hpp"
#include "rbees/base/files.hpp"
#include "sqlite.hpp"

namespace rbees::store {
namespace {

constexpr int impossible_here = 88;

JournalOptions patient_options() {
    auto options = test_options();
    options.may_be_read_only = true;
    return options;
}

class ReadOnlyTest : public JournalTest {
  protected:
    void SetUp() override {
        open();
        Batch batch = batch_of("kept");
        batch.entities = {job("a")};
        ASSERT_TRUE(commit(std::move(batch)));
        head = journal->head();
        journal.reset();
    }

    /// A crash leaves what was committed in the log: played by copying the files of a journal that is open.
    [[nodiscard]] std::filesystem::path copy_as_a_crash_leaves_it() const {
        const auto crashed = folder.path() / "crashed";
        std::filesystem::create_directory(crashed);
        for (const auto* name : {"orcd.db", "orcd.db-wal", "orcd.db-shm"})
            std::filesystem::copy_file(folder.path() / name, crashed / name);
        return crashed / "orcd.db";
    }

    JournalHead head;
};

/// What must hold of a journal that can only be read; a sentence where it does not.
std::string fault_of(Journal& journal, const JournalHead& head) {
    if (!journal.read_only_cause()) return "it says no cause";
    if (journal.space() != SpaceState::read_only) return "its state is another";
    if (journal.head() != head) return "its head is another";
    for (const auto admission : {Admission::ordinary, Admission::progress, Admission::closing}) {
        if (journal.admits(admission) != std::unexpected(AppendError::storage_full)) return "it admits";
        const auto appended = journal.append(batch_of("x", admission), [](const CommitResult&) {});
        if (appended != std::unexpected(AppendError::storage_full)) return "it takes a batch";
    }
    const auto reader = journal.open_reader();
    if (!reader) return describe(reader.error());
    const auto live = (*reader)->live_entities("job");
    if (!live || live->size() != 1) return "the row is not there";
    return (*reader)->verify(head).first_problem.value_or("");
}

TEST_F(ReadOnlyTest, JournalThatNothingCanBeWrittenToIsReadAndRefusesEveryBatch) {
    FaultVfs vfs({1, std::nullopt, SQLITE_FULL, true});
    auto options = patient_options();
    options.vfs = vfs.name();
    auto opened = Journal::open(path(), std::move(options));

    ASSERT_TRUE(opened) << describe(opened.error().failure);
    EXPECT_TRUE(vfs.was_hit());
    EXPECT_EQ(fault_of(**opened, head), "");
    (*opened)->stop();
}

TEST_F(ReadOnlyTest, DiskThatFailsIsFoundAtTheOpeningThoughNothingIsInTheLog) {
    for (const auto operation : {FaultVfs::Operation::write, FaultVfs::Operation::sync}) {
        FaultVfs vfs({1, operation, SQLITE_IOERR, true});
        auto options = patient_options();
        options.vfs = vfs.name();
        auto opened = Journal::open(path(), std::move(options));

        ASSERT_TRUE(opened) << describe(opened.error().failure);
        EXPECT_EQ(fault_of(**opened, head), "");
        (*opened)->stop();
    }
}

TEST_F(ReadOnlyTest, LongLogThatDoesNotFitIntoTheDatabaseIsReadUntilThereIsRoom) {
    open();
    Batch batch = batch_of("in the log");
    batch.payloads = {{"long", "salt", std::string(1'000'000, 'p')}};
    ASSERT_TRUE(commit(std::move(batch)));
    const auto end = journal->head();
    const auto crashed = copy_as_a_crash_leaves_it();
    journal.reset();
    FaultVfs vfs({10, FaultVfs::Operation::write, SQLITE_FULL, true});
    auto options = patient_options();
    options.vfs = vfs.name();
    auto opened = Journal::open(crashed, std::move(options));

    ASSERT_TRUE(opened) << describe(opened.error().failure);
    EXPECT_TRUE(vfs.was_hit());
    EXPECT_EQ(fault_of(**opened, end), "");
    opened->reset();
    const auto later = Journal::open(crashed, test_options());
    ASSERT_TRUE(later) << describe(later.error().failure);
    EXPECT_EQ((*later)->head(), end);
    EXPECT_TRUE((*later)->open_reader().value()->payload("long")->has_value());
}

TEST_F(ReadOnlyTest, WithoutLeaveItDoesNotOpen) {
    FaultVfs vfs({1, std::nullopt, SQLITE_FULL, true});
    auto options = test_options();
    options.vfs = vfs.name();

    const auto opened = Journal::open(path(), std::move(options));

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().problem, OpenProblem::unavailable);
}

TEST_F(ReadOnlyTest, DamageAndAnotherHolderRefuseItAllTheSame) {
    open();
    const auto held = Journal::open(path(), patient_options());
    journal.reset();
    FaultVfs vfs({1, std::nullopt, SQLITE_FULL, true});
    auto options = patient_options();
    options.vfs = vfs.name();
    ASSERT_TRUE(Database::open(path(), SQLITE_OPEN_READWRITE, "")->execute("UPDATE journal SET body = 'x'"));
    const auto damaged = Journal::open(path(), std::move(options));

    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().problem, OpenProblem::locked);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().problem, OpenProblem::damaged);
}

/// One that hangs in the disk outlives whoever began it.
TEST_F(ReadOnlyTest, AJournalThatATrialHasIsServedMeanwhile) {
    open();
    const auto trial = FileLock::acquire(trial_lock(path()));
    ASSERT_TRUE(trial);

    const auto served = Journal::open(path(), patient_options());

    ASSERT_TRUE(served) << describe(served.error().failure);
    EXPECT_TRUE((*served)->read_only_cause());
}

/// A file system of one's own over the folder: `arrange` makes it. False where this machine does not allow it.
bool enter_own_mounts() {
    if (::unshare(CLONE_NEWNS) == 0) return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    const auto user = ::getuid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/uid_map") << fmt::format("0 {} 1", user);
    return ::geteuid() == 0;
}

/// Runs in a child that has mounts of its own; what it returns is its exit code.
int run_apart(const std::function<int()>& work) {
    const auto child = ::fork();
    if (child == 0) ::_exit(enter_own_mounts() ? work() : impossible_here);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int check_opened(const std::filesystem::path& path, const JournalHead& head) {
    auto opened = Journal::open(path, patient_options());
    auto fault = opened ? fault_of(**opened, head) : describe(opened.error().failure);
    if (Journal::open(path, test_options())) fault += "it can be written";
    if (!fault.empty()) fmt::print(stderr, "{}\n", fault);
    return fault.empty() ? 0 : 1;
}

bool make_read_only(const std::filesystem::path& folder) {
    const auto* where = folder.c_str();
    return ::mount(where, where, nullptr, MS_BIND, nullptr) == 0 &&
           ::mount(nullptr, where, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
}

TEST_F(ReadOnlyTest, FolderOnAReadOnlyFileSystemIsReadWithAndWithoutTheFilesOfTheLog) {
    const auto work = [this] { return make_read_only(folder.path()) ? check_opened(path(), head) : impossible_here; };
    const auto with = run_apart(work);
    if (with == impossible_here) GTEST_SKIP() << "mounts: none of one's own on this machine";
    std::filesystem::remove(folder.path() / "orcd.db-wal");
    std::filesystem::remove(folder.path() / "orcd.db-shm");

    EXPECT_EQ(with, 0);
    EXPECT_EQ(run_apart(work), 0);
}

TEST_F(ReadOnlyTest, WhatIsOnlyInTheLogIsReadToo) {
    open();
    ASSERT_TRUE(commit(batch_of("in the log")));
    const auto end = journal->head();
    const auto crashed = copy_as_a_crash_leaves_it();
    journal.reset();

    const auto outcome =
        run_apart([&] { return make_read_only(crashed.parent_path()) ? check_opened(crashed, end) : impossible_here; });

    if (outcome == impossible_here) GTEST_SKIP() << "mounts: none of one's own on this machine";
    EXPECT_EQ(outcome, 0);
}

TEST_F(ReadOnlyTest, FullFileSystemIsRead) {
    const auto full = folder.path() / "full";
    std::filesystem::create_directory(full);
    const auto outcome = run_apart([&] {
        if (::mount("tmpfs", full.c_str(), "tmpfs", 0, "size=2m") != 0) return impossible_here;
        std::filesystem::copy_file(path(), full / "orcd.db");
        std::ofstream filler(full / "filler", std::ios::binary);
        const std::string block(4'096, 'x');
        while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush())
            ;
        filler.close();
        if (const auto fault = check_opened(full / "orcd.db", head); fault != 0) return fault;
        std::filesystem::remove(full / "filler");
        return Journal::open(full / "orcd.db", test_options()) ? 0 : 1;
    });

    if (outcome == impossible_here) GTEST_SKIP() << "mounts: none of one's own on this machine";
    EXPECT_EQ(outcome, 0);
}

}  // namespace
}  // namespace rbees::store
