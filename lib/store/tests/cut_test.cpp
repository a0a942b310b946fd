#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "fault_vfs.hpp"
#include "journal_fixture.hpp"
#include "rbees/store/limits.hpp"
#include "sqlite.hpp"

namespace rbees::store {
namespace {

constexpr int killed = 77;
constexpr auto keep = std::chrono::days(90);
constexpr WallTime today = noon + std::chrono::days(100);

/// More than two pieces of a cut.
constexpr Sequence old_count = 2 * limits::cut_rows + 200;

JournalOptions cutting_options(WallTime now = today) {
    auto options = test_options();
    options.keep = keep;
    options.now = [now] { return now; };
    return options;
}

/// A closed journal of old records and three young ones.
class CutTest : public JournalTest {
  protected:
    void SetUp() override { make_journal(old_count); }

    void make_journal(Sequence old) {
        open();
        Batch batch{.at = noon};
        for (Sequence number = 1; number <= old; ++number)
            batch.records.push_back({"test:happened", 1, fmt::format("old {}", number)});
        ASSERT_TRUE(commit(std::move(batch)));
        for (const auto* body : {"one", "two", "three"})
            ASSERT_TRUE(commit({.at = today, .records = {{"test:happened", 1, body}}}));
        journal.reset();
    }

    /// Opens it, and comes back when as many steps of a cut are on the disk.
    void open_and_cut(std::size_t steps, JournalOptions options = cutting_options()) {
        auto done = std::make_shared<Door>();
        done->close();
        options.reached = [done, left = steps](CrashPoint point) mutable {
            if (point == CrashPoint::cut_committed && --left == 0) done->open();
        };
        open(std::move(options));
        ASSERT_TRUE(done->wait());
    }
    void cut() {
        open_and_cut(1 + 3);
        journal.reset();
    }

    VerifyReport report(const std::optional<JournalHead>& known = std::nullopt) {
        return Reader::open(path()).value()->verify(known);
    }
    std::string problem() { return report().first_problem.value_or(""); }

    void change(const std::string& sql) {
        const auto changed = Database::open(path(), SQLITE_OPEN_READWRITE, "").value().execute(sql.c_str());
        ASSERT_TRUE(changed) << changed.error().message;
    }

    std::string open_error() {
        const auto opened = Journal::open(path(), test_options());
        if (opened) return "it opened";
        EXPECT_EQ(opened.error().problem, OpenProblem::damaged);
        return opened.error().failure.message;
    }
};

TEST_F(CutTest, OldRecordsGoAndACheckpointStandsForThem) {
    open_and_cut(1 + 3);

    const auto found = reader()->verify();
    EXPECT_EQ(found.first_problem, std::nullopt);
    EXPECT_EQ(found.first, old_count + 1);
    EXPECT_EQ(found.records, 4U);
    EXPECT_EQ(found.head.sequence, old_count + 4);
    EXPECT_EQ(journal->head(), found.head);
    EXPECT_EQ(journal->metrics().cut_records, old_count);
    const auto left = bodies();
    ASSERT_EQ(left.size(), 4U);
    EXPECT_EQ(left[0], "one");
    EXPECT_TRUE(left[3].starts_with(fmt::format(R"({{"sequence":{},"hash":")", old_count))) << left[3];
}

TEST_F(CutTest, JournalGoesOnBehindACutAfterItIsOpenedAgain) {
    cut();
    open();

    EXPECT_EQ(commit(batch_of("after")), (Commit{old_count + 5, old_count + 5}));

    EXPECT_EQ(reader()->verify().first_problem, std::nullopt);
}

TEST_F(CutTest, LaterCutTakesTheCheckpointOfTheOneBefore) {
    cut();

    open_and_cut(1 + 1, cutting_options(today + 2 * keep));

    const auto found = reader()->verify();
    EXPECT_EQ(found.first_problem, std::nullopt);
    EXPECT_EQ(found.records, 1U) << "the newer checkpoint";
    EXPECT_EQ(found.first, found.head.sequence);
    EXPECT_TRUE(commit(batch_of("after")));
}

TEST_F(CutTest, SingleOldRecordStays) {
    std::filesystem::remove_all(folder.path());
    std::filesystem::create_directory(folder.path());
    make_journal(1);
    auto options = cutting_options();
    options.cut_interval = Duration{};
    auto looks = std::make_shared<std::atomic<int>>(0);
    auto looked = std::make_shared<Door>();
    looked->close();
    options.now = [looks, looked] {
        if (++*looks == 2) looked->open();
        return today;
    };
    open(std::move(options));
    ASSERT_TRUE(looked->wait());

    EXPECT_EQ(bodies(), (std::vector<std::string>{"old 1", "one", "two", "three"}));
}

TEST_F(CutTest, CommitThatComesDuringACutDoesNotWaitForItsEnd) {
    std::vector<std::string> events;  // of the journal thread
    Door cut_began;
    Door appended;
    Door done;
    for (auto* door : {&cut_began, &appended, &done})
        door->close();
    auto options = cutting_options();
    options.reached = [&](CrashPoint point) {
        if (point != CrashPoint::cut_committed) return;
        events.emplace_back("cut");
        if (events.size() == 1) cut_began.open();
        if (events.size() == 1) EXPECT_TRUE(appended.wait());
        if (std::ranges::count(events, "cut") == 4) done.open();
    };
    open(std::move(options));
    ASSERT_TRUE(cut_began.wait());

    ASSERT_TRUE(journal->append(batch_of("urgent"), [&](CommitResult) { events.emplace_back("commit"); }));
    appended.open();

    ASSERT_TRUE(done.wait());
    journal->stop();
    EXPECT_EQ(events, (std::vector<std::string>{"cut", "commit", "cut", "cut", "cut"}));
}

TEST_F(CutTest, ReplayGoesOnBehindACutThatCameMeanwhile) {
    std::vector<Sequence> seen;
    Door may_cut;
    may_cut.close();
    Door done;
    done.close();
    auto options = cutting_options();
    options.reached = [&, steps = 0](CrashPoint point) mutable {
        if (point == CrashPoint::cut_not_committed) EXPECT_TRUE(may_cut.wait());
        if (point == CrashPoint::cut_committed && ++steps == 4) done.open();
    };
    open(std::move(options));
    const auto replayed = reader()->replay(1, [&](const StoredRecord& record) {
        seen.push_back(record.sequence);
        if (record.sequence != 1) return;
        may_cut.open();
        EXPECT_TRUE(done.wait());
    });

    EXPECT_TRUE(replayed) << describe(replayed.error());
    ASSERT_GE(seen.size(), limits::replay_rows);
    EXPECT_EQ(seen[limits::replay_rows - 1], limits::replay_rows);
    EXPECT_EQ(seen[limits::replay_rows], old_count + 1) << "what was cut before it was read is left out";
    EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(CutTest, HeadThatWasKeptElsewhereIsStillFoundUnlessItWasCut) {
    open();
    const auto old_head = journal->head();
    journal.reset();
    cut();

    EXPECT_EQ(report(old_head).first_problem, std::nullopt);
    EXPECT_EQ(report(JournalHead{7, {}}).first_problem, std::nullopt) << "nobody can tell any more";
    EXPECT_NE(report(JournalHead{old_head.sequence, {}}).first_problem, std::nullopt);
}

TEST_F(CutTest, BackupOfACutJournalIsGood) {
    cut();
    const auto target = folder.path() / "backup";

    ASSERT_TRUE(back_up(path(), target));

    EXPECT_TRUE(verify_backup(target));
}

TEST_F(CutTest, FrontThatWasCutFurtherThanTheCheckpointAllowsIsFound) {
    cut();
    change(
        "UPDATE start SET sequence = sequence + 1, before = (SELECT hash FROM journal WHERE body = 'one'); "
        "DELETE FROM journal WHERE body = 'one'");

    EXPECT_NE(problem().find("its front was cut off"), std::string::npos) << problem();
    EXPECT_NE(open_error().find("its front was cut off"), std::string::npos) << open_error();
}

TEST_F(CutTest, FrontThatWasCutWithoutAnyCheckpointIsFound) {
    change(
        "UPDATE start SET sequence = 2, before = (SELECT hash FROM journal WHERE sequence = 1); "
        "DELETE FROM journal WHERE sequence = 1");

    EXPECT_NE(problem().find("nothing vouches for that"), std::string::npos) << problem();
    EXPECT_NE(open_error().find("nothing vouches for that"), std::string::npos);
}

TEST_F(CutTest, TableThatWasChangedIsFound) {
    cut();
    const auto untouched = problem();
    const auto first = old_count + 1;
    const std::vector<std::pair<std::string, std::string>> changes = {
        {"UPDATE start SET checkpoint = 0", "nothing vouches for that"},
        {"UPDATE start SET checkpoint = checkpoint - 1", "is not the checkpoint"},
        {"UPDATE start SET before = zeroblob(32)", "is not the one that checkpoint"},
        {"UPDATE start SET sequence = sequence - 1", fmt::format("begins at record {}", first)},
        {"UPDATE start SET sequence = 1, before = zeroblob(32), checkpoint = 0", "should be its first"},
        {"DELETE FROM start", "does not say where the journal begins"},
    };

    EXPECT_EQ(untouched, "");
    std::filesystem::copy_file(path(), folder.path() / "kept");
    for (const auto& [sql, sentence] : changes) {
        change(sql);
        EXPECT_NE(problem().find(sentence), std::string::npos) << sql << ": " << problem();
        EXPECT_NE(open_error(), "it opened") << sql;
        std::filesystem::remove(folder.path() / "orcd.db-wal");
        std::filesystem::copy_file(folder.path() / "kept", path(), std::filesystem::copy_options::overwrite_existing);
    }
}

TEST_F(CutTest, CheckpointThatWasChangedIsFound) {
    cut();
    change(fmt::format("UPDATE journal SET body = replace(body, '{}', '{}') WHERE type = 'journal:checkpoint'",
                       old_count, old_count + 1));

    EXPECT_NE(problem().find("is not the checkpoint that it should be"), std::string::npos) << problem();
}

/// Cuts in a child that ends at the point's n-th time. Whether it came so far.
bool is_killed_in_cut(const std::filesystem::path& path, CrashPoint at, int times) {
    const auto child = ::fork();
    if (child == 0) {
        auto done = std::make_shared<Door>();
        done->close();
        auto options = cutting_options();
        options.reached = [&, steps = 0](CrashPoint point) mutable {
            if (point == at && --times == 0) ::_exit(killed);
            if (point == CrashPoint::cut_committed && ++steps == 4) done->open();
        };
        const auto journal = Journal::open(path, std::move(options));
        ::_exit(journal && done->wait() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == killed)) << status;
    return WEXITSTATUS(status) == killed;
}

TEST_F(CutTest, KilledAtAnyStepItOpensIsGoodAndGoesOn) {
    int kills = 0;
    for (const auto point : {CrashPoint::cut_not_committed, CrashPoint::cut_committed}) {
        for (int times = 1; times <= 4; ++times) {
            SCOPED_TRACE(fmt::format("point {}, {} times", static_cast<int>(point), times));
            std::filesystem::remove_all(folder.path());
            std::filesystem::create_directory(folder.path());
            make_journal(old_count);
            kills += is_killed_in_cut(path(), point, times) ? 1 : 0;
            const auto steps_done = point == CrashPoint::cut_committed ? times : times - 1;

            open();
            EXPECT_EQ(reader()->verify().first_problem, std::nullopt);
            EXPECT_TRUE(commit({.at = today, .records = {{"test:happened", 1, "after"}}}));
            journal.reset();

            if (steps_done < 4) open_and_cut(static_cast<std::size_t>(4 - steps_done));
            journal.reset();
            EXPECT_EQ(report().first_problem, std::nullopt);
            EXPECT_EQ(report().first, old_count + 1);
        }
    }
    EXPECT_EQ(kills, 8);
}

TEST_F(CutTest, PowerCutAtAnyOperationLeavesAGoodJournalWithEverythingThatWasReported) {
    constexpr std::size_t operations_max = 400;
    bool was_hit = true;
    for (std::size_t at = 1; was_hit && at < operations_max && !HasFailure(); at += 3) {
        SCOPED_TRACE(fmt::format("power cut at operation {}", at));
        std::filesystem::remove_all(folder.path());
        std::filesystem::create_directory(folder.path());
        make_journal(limits::cut_rows + 10);
        const auto before = report().head;
        {
            FaultVfs vfs({at, std::nullopt, SQLITE_IOERR, true});
            Door over;
            over.close();
            auto options = cutting_options();
            options.vfs = vfs.name();
            options.storage_failed = [&](const Failure&) { over.open(); };
            options.reached = [&, steps = 0](CrashPoint point) mutable {
                if (point == CrashPoint::cut_committed && ++steps == 3) over.open();
            };
            if (auto opened = Journal::open(path(), std::move(options))) {
                EXPECT_TRUE(over.wait());
                (*opened)->stop();
            }
            was_hit = vfs.was_hit();
            if (was_hit) vfs.cut_power(static_cast<std::uint32_t>(at));
        }

        open();
        const auto found = reader()->verify(before);
        EXPECT_EQ(found.first_problem, std::nullopt);
        EXPECT_TRUE(commit(batch_of("after")));
        journal.reset();
    }
    EXPECT_FALSE(was_hit);
}

}  // namespace
}  // namespace rbees::store
