#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal_fixture.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

constexpr int crash_code = 77;

/// At which point the process dies, after how many commits that passed it.
struct Crash {
    CrashPoint point{};
    int commits_before = 3;
    std::string body = "x";
};

/// In a child process: commits one record after the other, writes each acknowledged sequence to `acknowledged`, and
/// dies at the point of the last commit.
[[noreturn]] void commit_until_crash(const std::filesystem::path& path, const Crash& crash, int acknowledged) {
    int passed = 0;
    auto options = test_options();
    options.reached = [&](CrashPoint reached) {
        if (reached == crash.point && ++passed > crash.commits_before) ::_exit(crash_code);
    };
    auto journal = Journal::open(path, std::move(options));
    if (!journal) ::_exit(1);
    for (int commits = 0; commits <= crash.commits_before; ++commits) {
        std::promise<void> reported;
        const auto tell = [&](CommitResult result) {
            if (::write(acknowledged, &result->last, sizeof result->last) != sizeof result->last) ::_exit(2);
            reported.set_value();
        };
        Batch batch = batch_of(crash.body);
        batch.entities = {job("j")};
        if (!(*journal)->append(std::move(batch), tell)) ::_exit(3);
        if (reported.get_future().wait_for(deadline) != std::future_status::ready) ::_exit(4);
    }
    (*journal)->stop();  // the point may lie behind the last report
    ::_exit(5);
}

class CrashTest : public JournalTest {
  protected:
    /// Runs the child to its end; the sequences that it was told.
    std::vector<Sequence> run_until(const Crash& crash) {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        const auto child = ::fork();
        if (child == 0) commit_until_crash(path(), crash, ends[1]);
        ::close(ends[1]);
        std::vector<Sequence> acknowledged;
        Sequence sequence = 0;
        while (::read(ends[0], &sequence, sizeof sequence) == sizeof sequence)
            acknowledged.push_back(sequence);
        ::close(ends[0]);
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), crash_code);
        return acknowledged;
    }

    void expect_whole(Sequence last) {
        open();
        const auto report = reader()->verify();
        EXPECT_EQ(report.first_problem, std::nullopt);
        EXPECT_EQ(journal->head().sequence, last);
        EXPECT_EQ(reader()->entity("job", "j")->value().sequence, last);
        EXPECT_EQ(commit(batch_of("after the crash")), (Commit{last + 1, last + 1}));
    }
};

TEST_F(CrashTest, BeforeTheWriteNothingOfTheLastBatchIsThere) {
    const auto acknowledged = run_until({CrashPoint::before_write});

    ASSERT_EQ(acknowledged, (std::vector<Sequence>{1, 2, 3}));
    expect_whole(3);
}

TEST_F(CrashTest, WrittenButNotCommittedIsGoneAfterTheCrash) {
    const auto acknowledged = run_until({CrashPoint::written_not_committed});

    ASSERT_EQ(acknowledged, (std::vector<Sequence>{1, 2, 3}));
    expect_whole(3);
}

TEST_F(CrashTest, CommittedButNotReportedIsThereAfterTheCrash) {
    const auto acknowledged = run_until({CrashPoint::committed_not_reported});

    ASSERT_EQ(acknowledged, (std::vector<Sequence>{1, 2, 3}));
    expect_whole(4);
}

TEST_F(CrashTest, EverythingIsThereAfterACrashBehindACheckpoint) {
    constexpr std::size_t page_bytes = 4'096;
    const std::string long_body(page_bytes * limits::checkpoint_pages_idle, 'x');

    const auto acknowledged = run_until({CrashPoint::log_copied, 0, long_body});

    ASSERT_EQ(acknowledged, (std::vector<Sequence>{1}));
    expect_whole(1);
}

}  // namespace
}  // namespace rbees::store
