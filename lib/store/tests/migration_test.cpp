#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checksum.hpp"
#include "fault_vfs.hpp"
#include "journal_fixture.hpp"
#include "schema.hpp"

namespace rbees::store {
namespace {

constexpr int killed = 77;

/// A statement trace that ends the process before the statement whose turn it is.
int end_at_statement(unsigned, void* left, void*, void*) {
    if (--*static_cast<int*>(left) == 0) ::_exit(killed);
    return 0;
}

/// A database as the release before wrote it, with one job.
class MigrationTest : public JournalTest {
  protected:
    Database database(const std::string& vfs = "") {
        return Database::open(path(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs).value();
    }

    auto bring(const Database& to, std::span<const Migration> steps) {
        return bring_up_to_date(to, steps, "0.9.0", path().native());
    }

    void make_first_form() {
        std::filesystem::remove_all(folder.path());
        std::filesystem::create_directory(folder.path());
        const auto old = database();
        ASSERT_TRUE(bring(old, migrations().first(1)));
        FieldHasher hasher;
        const auto row = job("old", "completed", EntityPhase::terminal);
        auto put = old.prepare("INSERT INTO entity VALUES (?, ?, 1, ?, ?, ?, '', ?, 0, ?, ?)");
        ASSERT_TRUE(put);
        ASSERT_TRUE(put->run(std::string_view(row.kind), std::string_view(row.id), std::string_view(row.status),
                             std::string_view(row.model), std::string_view(row.owner),
                             std::int64_t{row.created_at.time_since_epoch().count()}, std::string_view(row.json),
                             blob(entity_checksum(hasher, row, 0))));
    }

    /// Some form, whole; then the newest, with the job.
    void expect_old_or_new() {
        {
            const auto found = database();
            const auto version = found.integer("PRAGMA user_version").value();
            const auto columns =
                found.integer("SELECT count(*) FROM pragma_table_info('entity') WHERE name = 'due_at'");
            const auto indexes = found.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'entity_by_due'");
            const auto starts = found.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'start'");
            EXPECT_TRUE(version >= 1 && version <= std::ssize(migrations())) << version;
            EXPECT_EQ(columns, version >= 2 ? 1 : 0);
            EXPECT_EQ(indexes, version >= 2 ? 1 : 0);
            EXPECT_EQ(starts, version >= 3 ? 1 : 0);
            EXPECT_EQ(found.text("PRAGMA integrity_check"), "ok");
        }
        open();
        EXPECT_EQ(reader()->entity("job", "old")->value().entity, job("old", "completed", EntityPhase::terminal));
        EXPECT_FALSE(reader()->verify().first_problem);
        journal.reset();
    }

    /// Brings the database up to date in a child that ends before its statement `at`. Whether it got there.
    bool is_killed_at_statement(int at) {
        const auto child = ::fork();
        if (child == 0) {
            const auto upgraded = database();
            sqlite3_trace_v2(upgraded.get(), SQLITE_TRACE_STMT, end_at_statement, &at);
            ::_exit(bring(upgraded, migrations()) ? 0 : 1);
        }
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == killed)) << status;
        return WEXITSTATUS(status) == killed;
    }
};

TEST_F(MigrationTest, KilledAtAnyStatementItIsOldOrNewAndIsTakenAgain) {
    constexpr int statements_max = 100;
    int at = 0;
    bool goes_on = true;
    while (goes_on && ++at < statements_max && !HasFailure()) {
        SCOPED_TRACE(fmt::format("killed at statement {}", at));
        make_first_form();
        goes_on = is_killed_at_statement(at);
        expect_old_or_new();
    }

    EXPECT_FALSE(goes_on);
    EXPECT_GT(at, 12) << "two steps: begin, what they change, two numbers, program, commit";
}

TEST_F(MigrationTest, PowerCutAtAnyOperationLeavesItOldOrNew) {
    constexpr std::size_t operations_max = 500;
    bool was_hit = true;
    for (std::size_t at = 1; was_hit && at < operations_max && !HasFailure(); ++at) {
        SCOPED_TRACE(fmt::format("power cut at operation {}", at));
        make_first_form();
        {
            FaultVfs vfs({at, std::nullopt, SQLITE_IOERR, true});
            (void)bring(database(vfs.name()), migrations());
            was_hit = vfs.was_hit();
            if (was_hit) vfs.cut_power(static_cast<std::uint32_t>(at));
        }
        expect_old_or_new();
    }
    EXPECT_FALSE(was_hit);
}

TEST_F(MigrationTest, ProgramOfTheReleaseBeforeRefusesTheNewerDatabaseAndLeavesItAlone) {
    ASSERT_TRUE(bring(database(), migrations()));

    const auto refused = bring_up_to_date(database(), migrations().first(1), "0.1.0", path().native());

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().problem, OpenProblem::newer);
    const auto text = describe(refused.error().failure);
    EXPECT_NE(text.find("has format 3, this program knows formats up to 1"), std::string::npos) << text;
    EXPECT_NE(text.find("rbees 0.9.0 or newer"), std::string::npos) << text;
    EXPECT_EQ(database().text("SELECT value FROM about WHERE key = 'program'"), "0.9.0");
}

}  // namespace
}  // namespace rbees::store
