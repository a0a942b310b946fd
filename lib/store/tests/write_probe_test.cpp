#include "rbees/store/write_probe.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <set>

#include "journal_fixture.hpp"

namespace rbees::store {
namespace {

using testing::HasSubstr;

/// Cases on file systems that take no writes are in read_only_test.cpp.
class WriteProbeTest : public JournalTest {
  protected:
    void SetUp() override { open(); }

    [[nodiscard]] std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
            names.insert(entry.path().filename());
        }
        return names;
    }

    [[nodiscard]] std::string refusal() const {
        const auto outcome = probe_writing(path());
        return outcome ? "none" : describe(outcome.error());
    }
};

TEST_F(WriteProbeTest, SucceedsBesideAJournalThatIsOpenAndLeavesNothing) {
    const auto before = files();

    EXPECT_EQ(refusal(), "none");

    EXPECT_EQ(files(), before);
    EXPECT_TRUE(commit(batch_of("after")));
}

TEST_F(WriteProbeTest, FailsWhereNoFileCanBeMade) {
    std::filesystem::create_directory(folder.path() / "orcd.db.probe");

    EXPECT_THAT(refusal(), HasSubstr("cannot make"));
}

TEST_F(WriteProbeTest, FailsWhereTheJournalsFilesMayNotGrow) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit less = before;
    less.rlim_cur = std::filesystem::file_size(path()) + 1;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &less), 0);

    const auto said = refusal();

    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_THAT(said, HasSubstr("ulimit -f"));
}

}  // namespace
}  // namespace rbees::store
