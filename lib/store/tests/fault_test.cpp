#include <fmt/format.h>
#include <sqlite3.h>

#include <ostream>
#include <set>

#include "fault_vfs.hpp"
#include "journal_fixture.hpp"

namespace rbees::store {
namespace {

constexpr int batches = 8;

/// What a program that commits `batches` batches one after the other was told.
struct Outcome {
    bool opened = false;
    std::set<std::string> acknowledged;
    std::set<std::string> refused;
    int storage_failures = 0;
    bool goes_on_after_failure = false;
};

std::string under(const std::string& body) {
    return fmt::format("text/{}/", body);
}

/// Runs that program on the disk of `vfs`.
class FaultyRun {
  public:
    FaultyRun(std::filesystem::path path, const FaultVfs& vfs) : path_(std::move(path)), vfs_(vfs) {}

    Outcome run() {
        auto options = test_options();
        options.vfs = vfs_.name();
        options.storage_failed = [this](const Failure&) {
            ++outcome_.storage_failures;
            told_.open();
        };
        auto journal = Journal::open(path_, std::move(options));
        outcome_.opened = journal.has_value();
        if (!journal) return outcome_;
        for (int i = 0; i < batches && outcome_.storage_failures == 0; ++i)
            commit(**journal, i);
        (*journal)->stop();
        outcome_.goes_on_after_failure =
            outcome_.storage_failures > 0 && (*journal)->append(batch_of("late"), [](CommitResult) {}).has_value();
        return outcome_;
    }

  private:
    /// Each batch also erases, by its prefix, what the one before it wrote under one.
    void commit(Journal& journal, int i) {
        const auto body = fmt::format("body-{}", i);
        Batch batch = batch_of(body);
        batch.entities = {job(body)};
        batch.payloads = {{body, "salt", std::string(5'000, 'p')}, {under(body) + "1", "salt", "a"}};
        batch.payloads.push_back({under(body) + "2", "salt", std::string(5'000, 'b')});
        if (i > 0) batch.erased_payload_prefixes = {under(fmt::format("body-{}", i - 1))};
        const auto taken = journal.append(std::move(batch), [&](CommitResult result) {
            (result ? outcome_.acknowledged : outcome_.refused).insert(body);
            told_.open();
        });
        if (!taken) {
            outcome_.refused.insert(body);
            return;
        }
        if (!told_.wait()) std::abort();
        told_.close();
    }

    std::filesystem::path path_;
    const FaultVfs& vfs_;
    Outcome outcome_;
    Door told_;  ///< opened by a report or by the failure of the storage
};

struct FaultKind {
    const char* name;
    std::optional<FaultVfs::Operation> operation;
    int code;
    bool is_lasting;

    /// Names the test for ctest.
    friend void PrintTo(const FaultKind& kind, std::ostream* out) { *out << kind.name; }
};

class FaultTest : public testing::TestWithParam<FaultKind> {
  protected:
    /// Opens what the run left, on a good disk, and compares it with what the run was told.
    static void expect_nothing_acknowledged_is_lost(const std::filesystem::path& path, const Outcome& outcome) {
        auto journal = Journal::open(path, test_options());
        ASSERT_TRUE(journal) << describe(journal.error().failure);
        auto reader = (*journal)->open_reader();
        ASSERT_TRUE(reader);
        const auto report = (*reader)->verify();
        EXPECT_EQ(report.first_problem, std::nullopt);
        std::set<std::string> stored;
        ASSERT_TRUE((*reader)->replay(1, [&](const StoredRecord& found) { stored.insert(found.record.body); }));
        for (const auto& body : outcome.acknowledged) {
            EXPECT_TRUE(stored.contains(body)) << body;
            EXPECT_TRUE((*reader)->entity("job", body)->has_value()) << body;
            EXPECT_TRUE((*reader)->payload(body)->has_value()) << body;
        }
        for (const auto& body : stored) {
            const bool is_last = body == *stored.rbegin();
            EXPECT_EQ((*reader)->payloads(under(body), "", 10)->size(), is_last ? 2U : 0U) << body;
        }
        for (const auto& body : outcome.refused)
            EXPECT_FALSE(stored.contains(body)) << body;
        EXPECT_LE(stored.size(), outcome.acknowledged.size() + 1) << "at most one batch can be unknown";
    }
};

TEST_P(FaultTest, AtAnyOperationLosesNothingThatWasAcknowledged) {
    constexpr std::size_t operations_max = 2'000;
    bool was_hit = true;
    std::size_t at = 1;
    for (; was_hit && at < operations_max && !HasFailure(); ++at) {
        SCOPED_TRACE(fmt::format("{} at operation {}", GetParam().name, at));
        const TemporaryFolder folder;
        const auto path = folder.path() / "orcd.db";
        Outcome outcome;
        {
            const FaultVfs vfs({at, GetParam().operation, GetParam().code, GetParam().is_lasting});
            outcome = FaultyRun(path, vfs).run();
            was_hit = vfs.was_hit();
        }
        EXPECT_LE(outcome.storage_failures, 1);
        EXPECT_FALSE(outcome.goes_on_after_failure);
        if (!was_hit) EXPECT_EQ(outcome.acknowledged.size(), std::size_t{batches});
        expect_nothing_acknowledged_is_lost(path, outcome);
    }
    EXPECT_FALSE(was_hit) << "the loop never came to its end";
    EXPECT_GT(at, std::size_t{batches}) << "the fault never reached a commit";
}

TEST_P(FaultTest, FollowedByAPowerCutLosesNothingThatWasAcknowledged) {
    constexpr std::size_t operations_max = 2'000;
    bool was_hit = true;
    for (std::size_t at = 1; was_hit && at < operations_max && !HasFailure(); ++at) {
        const auto seed = static_cast<std::uint32_t>(at * 7'919);
        SCOPED_TRACE(fmt::format("{} at operation {}, power cut with seed {}", GetParam().name, at, seed));
        const TemporaryFolder folder;
        const auto path = folder.path() / "orcd.db";
        Outcome outcome;
        {
            FaultVfs vfs({at, GetParam().operation, GetParam().code, true});
            outcome = FaultyRun(path, vfs).run();
            was_hit = vfs.was_hit();
            if (was_hit) vfs.cut_power(seed);
        }
        expect_nothing_acknowledged_is_lost(path, outcome);
    }
    EXPECT_FALSE(was_hit) << "the loop never came to its end";
}

INSTANTIATE_TEST_SUITE_P(
    Disk, FaultTest,
    testing::Values(FaultKind{"FullDiskOnce", FaultVfs::Operation::write, SQLITE_FULL, false},
                    FaultKind{"FullDisk", FaultVfs::Operation::write, SQLITE_FULL, true},
                    FaultKind{"WriteErrorOnce", FaultVfs::Operation::write, SQLITE_IOERR_WRITE, false},
                    FaultKind{"SyncErrorOnce", FaultVfs::Operation::sync, SQLITE_IOERR_FSYNC, false},
                    FaultKind{"AnyErrorFromThenOn", std::nullopt, SQLITE_IOERR, true}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(FaultVfsTest, CommitThatFailsIsReportedAsUnknownAndNeverAnswered) {
    const TemporaryFolder folder;
    Outcome outcome;
    std::size_t syncs = 1;
    for (; outcome.acknowledged.empty() || outcome.storage_failures == 0; ++syncs) {
        ASSERT_LT(syncs, 100U);
        const FaultVfs vfs({syncs, FaultVfs::Operation::sync, SQLITE_IOERR_FSYNC, false});
        outcome = FaultyRun(folder.path() / fmt::format("{}.db", syncs), vfs).run();
    }

    EXPECT_EQ(outcome.storage_failures, 1);
    EXPECT_TRUE(outcome.refused.empty());
    EXPECT_LT(outcome.acknowledged.size(), std::size_t{batches});
}

TEST(FaultVfsTest, AStopIsCleanOnADiskThatIsFullOnceEverythingIsCommitted) {
    constexpr std::size_t writes_max = 2'000;
    std::size_t full_at_the_stop = 0;
    bool was_hit = true;
    for (std::size_t at = 1; was_hit && at < writes_max; ++at) {
        const TemporaryFolder folder;
        const FaultVfs vfs({at, FaultVfs::Operation::write, SQLITE_FULL, true});
        const auto outcome = FaultyRun(folder.path() / "orcd.db", vfs).run();
        was_hit = vfs.was_hit();
        if (!was_hit || outcome.acknowledged.size() < std::size_t{batches}) continue;
        ++full_at_the_stop;
        EXPECT_EQ(outcome.storage_failures, 0) << "full from write " << at;
    }

    EXPECT_FALSE(was_hit) << "the loop never came to its end";
    EXPECT_GT(full_at_the_stop, 0U);
}

/// Runs a program with the default handler on disks whose sync fails, later each time, until one gets past its opening.
void commit_on_a_disk_that_cannot_sync(const std::filesystem::path& folder) {
    constexpr std::size_t syncs_max = 100;
    for (std::size_t syncs = 1; syncs < syncs_max; ++syncs) {
        const FaultVfs vfs({syncs, FaultVfs::Operation::sync, SQLITE_IOERR_FSYNC, false});
        auto options = test_options();
        options.vfs = vfs.name();
        options.storage_failed = nullptr;
        auto journal = Journal::open(folder / fmt::format("{}.db", syncs), std::move(options));
        if (!journal) continue;
        Door reported;
        const auto taken = (*journal)->append(batch_of("x"), [&](CommitResult) { reported.open(); });
        if (taken) (void)reported.wait();
    }
}

TEST(FaultVfsTest, ProcessEndsByDefaultWhenTheStorageFails) {
    const TemporaryFolder folder;

    EXPECT_EXIT(commit_on_a_disk_that_cannot_sync(folder.path()), testing::ExitedWithCode(75), "");
}

}  // namespace
}  // namespace rbees::store
