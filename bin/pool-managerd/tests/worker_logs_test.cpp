#include "workers/worker_logs.hpp"

#include <gmock/gmock.h>

#include <chrono>

#include "rbees/base/files.hpp"
#include "rbees/base/utf8.hpp"
#include "test_house.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

class WorkerLogsTest : public testing::Test {
  protected:
    /// A log that was written that many hours ago.
    void write(const std::string& name, int age) const {
        const auto file = house.home.logs / name;
        ASSERT_TRUE(write_file_atomically(file, "line\n", FileAccess::owner_only));
        fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(age));
    }

    [[nodiscard]] std::set<std::string> names() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(house.home.logs)) {
            names.insert(entry.path().filename().native());
        }
        return names;
    }

    TestHome house;
};

TEST_F(WorkerLogsTest, OfEndedWorkersTheLastOnesStayWithWhatWasSetAside) {
    write("worker-a.log", 1);
    write("worker-a.log.1", 9);
    write("worker-b.log", 2);
    write("worker-c.log.1", 3);
    write("worker-c.log", 4);
    write("worker-c.log.2", 5);
    write("pool.log", 99);

    prune_logs(house.home.logs, 2, {});

    EXPECT_THAT(names(), testing::ElementsAre("pool.log", "worker-a.log", "worker-a.log.1", "worker-b.log"));
}

TEST_F(WorkerLogsTest, OfRunningWorkersNothingGoesHoweverOldItIs) {
    write("worker-quiet.log", 99);
    write("worker-quiet.log.1", 100);
    write("worker-over.log", 50);

    prune_logs(house.home.logs, 0, {WorkerId("quiet")});

    EXPECT_THAT(names(), testing::ElementsAre("worker-quiet.log", "worker-quiet.log.1"));
}

TEST_F(WorkerLogsTest, LastWordsAreTheLastLineThatIsNotEmpty) {
    const auto file = house.home.logs / "worker-a.log";
    ASSERT_TRUE(write_file_atomically(file, "one\ntwo\n\n", FileAccess::owner_only));

    EXPECT_EQ(last_words(file), "two");
    EXPECT_EQ(last_words(house.home.logs / "absent.log"), "");
}

TEST_F(WorkerLogsTest, LongLastWordsAreCutBetweenCharacters) {
    const auto file = house.home.logs / "worker-a.log";
    std::string line;
    for (int count = 0; count < 500; ++count)
        line += "\u00e9";
    ASSERT_TRUE(write_file_atomically(file, "x" + line + "\n", FileAccess::owner_only));

    const auto words = last_words(file);

    EXPECT_LE(words.size(), 300U);
    EXPECT_TRUE(is_valid_utf8(words));
}

}  // namespace
}  // namespace rbees::poold
