/// Those who read the streams of tasks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using testing::ElementsAre;

class JobReaderTest : public testing::Test {
  protected:
    JobReaderTest() {
        house.node_registers();
        house.worker_is_ready("w1");
    }

    JobHouse house;
};

TEST_F(JobReaderTest, GoesOnBehindAnyEvent) {
    const auto id = house.submit().value();
    house.generate(5);
    house.generate(100);
    const auto all = house.frames(id);

    for (std::uint64_t after = 0; after <= all.size(); ++after) {
        const auto rest = house.frames(id, after);
        EXPECT_EQ(rest, std::vector(all.begin() + static_cast<std::ptrdiff_t>(after), all.end())) << after;
    }
}

TEST_F(JobReaderTest, IsToldAsSoonAsSomethingIsOnDisk) {
    const auto id = house.submit().value();
    std::vector<std::string> events;
    house.jobs().feed().read(ReaderId{7}, id, 1, [&](const auto& piece) {
        for (const auto& frame : piece->frames) {
            events.push_back(frame.event);
        }
    });
    house.store.is_slow = true;
    house.generate(1);
    EXPECT_THAT(events, ElementsAre()) << "it is not on disk";

    house.store.commit();

    EXPECT_THAT(events, ElementsAre("started", "token"));
}

TEST_F(JobReaderTest, IsRefusedAnEventThatWasNeverIssued) {
    const auto id = house.submit().value();
    std::optional<contracts::Problem> problem;
    const auto note = [&](const auto& piece) { problem = piece.error(); };

    house.jobs().feed().read(ReaderId{1}, id, 99, note);
    EXPECT_EQ(problem->code, ErrorCode::INVALID_PARAMS);
    house.jobs().feed().read(ReaderId{1}, JobId("nobody"), 0, note);
    EXPECT_EQ(problem->code, ErrorCode::NOT_FOUND);
}

TEST_F(JobReaderTest, DoesNotWaitForWhatOthersWrite) {
    const auto id = house.submit().value();
    house.store.is_slow = true;
    EXPECT_FALSE(house.submit()) << "on its way to the disk";
    int seen = 0;
    int found = 0;

    house.jobs().find_to_read(id, [&](const auto& job) { seen += job ? 1 : 0; });
    house.jobs().find(id, [&](const auto& job) { found += job ? 1 : 0; });

    EXPECT_EQ(seen, 1);
    EXPECT_EQ(found, 0);
    house.store.commit();
    house.settle();
    EXPECT_EQ(found, 1);
}

TEST_F(JobReaderTest, WaitsForATaskThatIsNotOnDisk) {
    house.store.is_slow = true;
    EXPECT_FALSE(house.submit());
    const auto id = house.house().fleet.state().jobs.jobs().begin()->first;
    int seen = 0;

    house.jobs().find_to_read(id, [&](const auto& job) { seen += job ? 1 : 0; });
    EXPECT_EQ(seen, 0);

    house.store.commit();
    house.settle();
    EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace rbees::control
