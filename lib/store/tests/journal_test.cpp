#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include <fmt/format.h>

#include "journal_fixture.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

/// Options whose journal thread waits before its first transaction until the door opens.
JournalOptions held_by(Door& arrived, Door& released) {
    auto options = test_options();
    options.reached = [&arrived, &released](CrashPoint point) {
        if (point != CrashPoint::before_write) return;
        arrived.open();
        EXPECT_TRUE(released.wait());
    };
    return options;
}

TEST_F(JournalTest, NumbersRecordsFromOneWithoutAGap) {
    open();

    auto two = batch_of("a");
    two.records.push_back({"test:happened", 1, "b"});

    EXPECT_EQ(commit(two), (Commit{1, 2}));
    EXPECT_EQ(commit(batch_of("c")), (Commit{3, 3}));
    EXPECT_EQ(commit(Batch{.at = noon, .entities = {job("j1")}}), (Commit{4, 3}));
    EXPECT_EQ(journal->head().sequence, 3U);
}

TEST_F(JournalTest, EverythingQueuedDuringACommitGoesIntoTheNextOne) {
    constexpr std::size_t batches = 1'000;
    Door arrived;
    Door released;
    open(held_by(arrived, released));
    std::vector<Sequence> reported;
    const auto remember = [&](CommitResult result) { reported.push_back(result.value().last); };
    ASSERT_TRUE(journal->append(batch_of("first"), remember));
    ASSERT_TRUE(arrived.wait());

    for (std::size_t i = 1; i < batches; ++i)
        ASSERT_TRUE(journal->append(batch_of(fmt::format("{}", i)), remember));
    released.open();
    journal->stop();

    EXPECT_EQ(journal->metrics().batches, batches);
    EXPECT_EQ(journal->metrics().transactions, 2U);
    ASSERT_EQ(reported.size(), batches);
    for (std::size_t i = 0; i < batches; ++i)
        EXPECT_EQ(reported[i], i + 1);
}

TEST_F(JournalTest, QueueBeyondItsLimitIsRefusedAndDropsTheCallback) {
    Door arrived;
    Door released;
    open(held_by(arrived, released));
    std::size_t reported = 0;
    ASSERT_TRUE(journal->append(batch_of("first"), [&](CommitResult) { ++reported; }));
    ASSERT_TRUE(arrived.wait());
    for (std::size_t i = 0; i < limits::queued_batches_max; ++i) {
        ASSERT_TRUE(journal->append(Batch{}, [&](CommitResult) { ++reported; }));
    }

    EXPECT_EQ(journal->admits(Admission::ordinary).error(), AppendError::queue_full);
    EXPECT_EQ(journal->append(Batch{}, [&](CommitResult) { ++reported; }).error(), AppendError::queue_full);
    released.open();
    journal->stop();

    EXPECT_EQ(reported, limits::queued_batches_max + 1);
    EXPECT_EQ(journal->metrics().refused, 1U);
}

TEST_F(JournalTest, StopCommitsWhatIsQueuedAndRefusesTheRest) {
    Door arrived;
    Door released;
    open(held_by(arrived, released));
    std::size_t reported = 0;
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(journal->append(batch_of("x"), [&](CommitResult) { ++reported; }));
    ASSERT_TRUE(arrived.wait());

    released.open();
    journal->stop();

    EXPECT_EQ(reported, 10U);
    EXPECT_EQ(journal->append(batch_of("late"), [](CommitResult) {}).error(), AppendError::stopped);
    EXPECT_EQ(journal->admits(Admission::closing).error(), AppendError::stopped);
}

TEST_F(JournalTest, ReopenedJournalGoesOnWhereItEnded) {
    open();
    ASSERT_TRUE(commit(batch_of("before")));
    const auto head = journal->head();

    reopen();

    EXPECT_EQ(journal->head(), head);
    EXPECT_EQ(commit(batch_of("after")), (Commit{2, 2}));
    EXPECT_EQ(bodies(), (std::vector<std::string>{"before", "after"}));
    EXPECT_FALSE(reader()->verify(head).first_problem);
}

TEST_F(JournalTest, SecondOpenerIsRefusedWithThePidOfTheFirst) {
    open();

    const auto second = Journal::open(path(), test_options());

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().problem, OpenProblem::locked);
    EXPECT_NE(second.error().failure.message.find(fmt::format("{}", ::getpid())), std::string::npos)
        << second.error().failure.message;
    EXPECT_TRUE(commit(batch_of("still works")));
}

TEST_F(JournalTest, AllItsFilesAreForTheOwnerOnly) {
    open();
    ASSERT_TRUE(commit(batch_of("secret")));

    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        struct stat status{};
        ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600U) << entry.path();
        ++files;
    }
    EXPECT_GE(files, 5U);  // database, log, index, lock, reserve
}

TEST_F(JournalTest, FileOfAnotherProgramIsRefusedAndLeftAlone) {
    const std::string text =
        "this is a letter, not a database; it is long enough to look like one to a careless reader";
    std::ofstream(path()) << text;

    const auto opened = Journal::open(path(), test_options());

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().problem, OpenProblem::damaged);
    std::string kept;
    std::getline(std::ifstream(path()), kept);
    EXPECT_EQ(kept, text);
}

TEST_F(JournalTest, FolderThatIsNotThereIsNamed) {
    const auto opened = Journal::open(folder.path() / "absent" / "orcd.db", test_options());

    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().problem, OpenProblem::unavailable);
    EXPECT_NE(opened.error().failure.message.find("absent"), std::string::npos);
}

/// A batch that alone makes the log long enough for an idle moment's checkpoint.
Batch long_batch() {
    constexpr std::size_t page_bytes = 4'096;
    return batch_of(std::string(page_bytes * limits::checkpoint_pages_idle, 'x'));
}

TEST_F(JournalTest, LogThatHasGrownIsCopiedIntoTheDatabaseAndBeginsAnew) {
    Door copied;
    auto options = test_options();
    options.reached = [&](CrashPoint point) {
        if (point == CrashPoint::log_copied) copied.open();
    };
    open(std::move(options));

    ASSERT_TRUE(commit(long_batch()));
    ASSERT_TRUE(copied.wait());
    ASSERT_TRUE(commit(batch_of("small")));
    journal->stop();

    EXPECT_EQ(journal->metrics().checkpoints, 1U);
    EXPECT_LT(journal->metrics().log_pages, std::uint64_t{limits::checkpoint_pages_idle} / 10);
}

TEST_F(JournalTest, LogIsNotCopiedWhileAnotherBatchWaits) {
    std::size_t written = 0;
    std::size_t written_before_copy = 0;
    Door reported;
    auto options = test_options();
    options.reached = [&](CrashPoint point) {
        if (point == CrashPoint::before_write) ++written;
        if (point == CrashPoint::log_copied) written_before_copy = written;
    };
    open(std::move(options));

    // Appended from the callback, so that the second batch surely waits when the first one's commit ends.
    const auto append_another = [&](CommitResult) {
        EXPECT_TRUE(journal->append(batch_of("small"), [&](CommitResult) { reported.open(); }));
    };
    ASSERT_TRUE(journal->append(long_batch(), append_another));
    ASSERT_TRUE(reported.wait());
    journal->stop();

    EXPECT_EQ(written_before_copy, 2U);
}

TEST_F(JournalTest, ClosedJournalLeavesAnEmptyLog) {
    open();
    ASSERT_TRUE(commit(batch_of("text")));

    journal.reset();

    auto log = path();
    log += "-wal";
    EXPECT_TRUE(!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0);
}

}  // namespace
}  // namespace rbees::store
