#include "space.hpp"

#include <atomic>

#include "journal_fixture.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

/// A disk whose free space a test sets; the reserve gives its bytes back when it is deleted.
class SpaceTest : public JournalTest {
  protected:
    SpaceOptions space_options() {
        return {path(), mebibytes(512), 2, kibibytes(64), [this] { return disk(); }, {}};
    }

    JournalOptions journal_options() {
        auto options = test_options();
        options.disk_space = [this] { return disk(); };
        return options;
    }

    Result<DiskSpace> disk() const {
        const Bytes given_up = has_reserve() ? Bytes(0) : reserve_gives;
        return DiskSpace{Bytes(free.load()) + given_up, mebibytes(1'000'000)};
    }

    [[nodiscard]] bool has_reserve() const {
        auto reserve = path();
        reserve += ".reserve";
        return std::filesystem::exists(reserve);
    }

    std::atomic<std::uint64_t> free{mebibytes(10'000).value};
    Bytes reserve_gives = mebibytes(4);
};

TEST_F(SpaceTest, WatermarkIsTheLesserOfBytesAndPercent) {
    Space space(space_options());

    free = mebibytes(513).value;
    space.refresh();
    EXPECT_EQ(space.state(), SpaceState::normal);
    free = mebibytes(128).value;
    space.refresh();
    EXPECT_EQ(space.state(), SpaceState::below_watermark);

    auto small = space_options();
    small.disk_space = [] { return DiskSpace{mebibytes(25), mebibytes(1'000)}; };  // 2 % are 20 MiB
    EXPECT_EQ(Space(small).state(), SpaceState::normal);
}

TEST_F(SpaceTest, ReserveIsGivenUpOnlyWhenTheRestIsUsedUp) {
    Space space(space_options());
    free = mebibytes(10).value;
    EXPECT_TRUE(space.make_room(mebibytes(8)));
    EXPECT_TRUE(has_reserve());

    free = 0;
    EXPECT_TRUE(space.make_room(mebibytes(3)));
    EXPECT_FALSE(has_reserve());
    EXPECT_EQ(space.state(), SpaceState::closing_only);

    reserve_gives = Bytes(0);
    EXPECT_FALSE(space.make_room(Bytes(1)));
    EXPECT_EQ(space.state(), SpaceState::read_only);
}

TEST_F(SpaceTest, ReserveComesBackWithTheSpace) {
    Space space(space_options());
    free = 0;
    ASSERT_TRUE(space.make_room(mebibytes(1)));

    free = mebibytes(2'000).value;
    space.refresh();

    EXPECT_TRUE(has_reserve());
    EXPECT_EQ(space.state(), SpaceState::normal);
}

TEST_F(SpaceTest, WithoutRoomForTheReserveTheStoreStartsReadOnly) {
    auto options = space_options();
    options.reserve = mebibytes(std::uint64_t{1} << 40);  // no file system of ours has that

    Space space(options);

    EXPECT_EQ(space.state(), SpaceState::read_only);
    EXPECT_FALSE(has_reserve());
}

TEST_F(SpaceTest, DiskThatCannotBeMeasuredIsTakenForRoomy) {
    auto options = space_options();
    options.disk_space = []() -> Result<DiskSpace> { return fail("no answer"); };
    Space space(options);

    EXPECT_EQ(space.state(), SpaceState::normal);
    EXPECT_TRUE(space.make_room(mebibytes(100)));
}

TEST_F(SpaceTest, RealFileSystemHasFreeAndTotalBytes) {
    const auto measured = measure_disk(folder.path());

    ASSERT_TRUE(measured);
    EXPECT_GT(measured->free.value, 0U);
    EXPECT_LE(measured->free, measured->total);
    EXPECT_FALSE(measure_disk(folder.path() / "absent"));
}

TEST_F(SpaceTest, WorkGoesOnBelowTheWatermarkAndStopsBeforeTheReserveIsTouched) {
    free = mebibytes(128).value;
    open(journal_options());

    EXPECT_EQ(commit(batch_of("new work")).error(), AppendError::storage_full);
    EXPECT_TRUE(commit(batch_of("more of it", Admission::progress)));

    free = mebibytes(127).value;
    ASSERT_TRUE(commit(batch_of("job ended", Admission::closing)));

    EXPECT_EQ(journal->space(), SpaceState::closing_only);
    EXPECT_EQ(journal->admits(Admission::progress).error(), AppendError::storage_full);
    EXPECT_EQ(commit(batch_of("even more", Admission::progress)).error(), AppendError::storage_full);
    EXPECT_TRUE(commit(batch_of("another ended", Admission::closing)));
    EXPECT_TRUE(has_reserve());
    EXPECT_EQ(bodies(), (std::vector<std::string>{"more of it", "job ended", "another ended"}));
}

TEST_F(SpaceTest, WorkThatWaitedGoesOnWhenTheSpaceComesBack) {
    free = mebibytes(100).value;
    open(journal_options());
    ASSERT_EQ(commit(batch_of("frame", Admission::progress)).error(), AppendError::storage_full);

    free = mebibytes(200).value;
    ASSERT_TRUE(commit(batch_of("job ended", Admission::closing)));

    EXPECT_EQ(journal->space(), SpaceState::below_watermark);
    EXPECT_TRUE(commit(batch_of("frame", Admission::progress)));
}

TEST_F(SpaceTest, NearTheReserveOnlyWhatClosesIsAdmitted) {
    free = mebibytes(100).value;
    open(journal_options());

    EXPECT_EQ(commit(batch_of("new work")).error(), AppendError::storage_full);
    EXPECT_EQ(journal->admits(Admission::ordinary).error(), AppendError::storage_full);
    EXPECT_TRUE(commit(batch_of("job ended", Admission::closing)));
    EXPECT_EQ(bodies(), std::vector<std::string>{"job ended"});
}

TEST_F(SpaceTest, FullDiskStillTakesClosingRecordsOutOfTheReserve) {
    open(journal_options());
    ASSERT_TRUE(commit(batch_of("before")));

    free = 0;
    ASSERT_TRUE(commit(batch_of("already admitted")));

    EXPECT_EQ(journal->space(), SpaceState::closing_only);
    EXPECT_FALSE(has_reserve());
    EXPECT_EQ(commit(batch_of("new work")).error(), AppendError::storage_full);
    EXPECT_EQ(commit(batch_of("more of it", Admission::progress)).error(), AppendError::storage_full);
    EXPECT_TRUE(commit(batch_of("job ended", Admission::closing)));
}

TEST_F(SpaceTest, BatchThatFindsNoRoomAtAllIsRefusedWithAllThatFollow) {
    open(journal_options());
    ASSERT_TRUE(commit(batch_of("before")));
    free = 0;
    reserve_gives = Bytes(0);

    const auto refused = commit(batch_of("rests on nothing"));

    EXPECT_EQ(refused.error(), AppendError::storage_full);
    free = mebibytes(10'000).value;
    EXPECT_EQ(commit(batch_of("rests on what was refused")).error(), AppendError::storage_full);
    EXPECT_EQ(bodies(), std::vector<std::string>{"before"});
    reopen();
    EXPECT_TRUE(commit(batch_of("after recovery")));
}

TEST_F(SpaceTest, SpaceThatComesBackIsNoticedWithoutAnyBatch) {
    free = mebibytes(100).value;
    Door returned;
    auto options = journal_options();
    options.log = Logger::to_function(LogLevel::warning, [&](std::string_view line) {
        if (line.find("\"to\":\"normal\"") != std::string_view::npos) returned.open();
    });
    open(std::move(options));

    free = mebibytes(10'000).value;

    EXPECT_TRUE(returned.wait());
    EXPECT_TRUE(journal->admits(Admission::ordinary));
}

}  // namespace
}  // namespace rbees::store
