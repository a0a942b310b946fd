/// A download that finds a file looks at it first.

#include <fstream>

#include "downloads_house.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

class ChangedFilesTest : public DownloadsTest {
  protected:
    void SetUp() override {
        DownloadsTest::SetUp();
        ASSERT_EQ(ended(wanted).state, DownloadState::done);
        file = store->path_of(wanted.id).value();
        asked = source.ranges_asked();
    }

    /// Other bytes in the same file: the cache's name of it has them, too.
    void overwrite_in_place() const {
        std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
        stream.seekp(1000);
        stream << "damage";
    }

    void touch() const { fs::last_write_time(file, fs::last_write_time(file) + std::chrono::hours(1)); }

    /// What becomes of a pull.
    DownloadState pull(Recheck recheck = Recheck::where_changed) {
        const auto begun = downloads->start(wanted, recheck);
        if (!begun || begun->state != DownloadState::running) return begun ? begun->state : DownloadState::failed;
        EXPECT_TRUE(run_until(io, [&] { return !downloads->is_running(wanted.id); }));
        return downloads->reports().back().state;
    }

    [[nodiscard]] bool is_right() const { return read_file(file) == source.content; }

    contracts::ModelSpec wanted = spec({at(source.url("/model.gguf"))});
    fs::path file;
    unsigned asked = 0;
};

TEST_F(ChangedFilesTest, AreFetchedAgainWhenTheyWereOverwritten) {
    overwrite_in_place();
    touch();
    ASSERT_FALSE(is_right());

    EXPECT_EQ(pull(), DownloadState::done);

    EXPECT_TRUE(is_right());
    EXPECT_GT(source.ranges_asked(), asked);
}

TEST_F(ChangedFilesTest, AreFetchedAgainWhenTheyWereCut) {
    fs::resize_file(file, 1000);

    EXPECT_EQ(pull(), DownloadState::done);

    EXPECT_TRUE(is_right());
}

TEST_F(ChangedFilesTest, AreFetchedAgainWhenTheyAreMissing) {
    fs::remove(file);

    EXPECT_EQ(pull(), DownloadState::done);

    EXPECT_TRUE(is_right());
    EXPECT_EQ(source.ranges_asked(), asked) << "the cache has it";
}

TEST_F(ChangedFilesTest, AreReadAndKeptWhenOnlyTheirTimeChanged) {
    touch();

    EXPECT_EQ(downloads->start(wanted)->state, DownloadState::running);
    EXPECT_TRUE(run_until(io, [&] { return !downloads->is_running(wanted.id); }));

    EXPECT_EQ(source.ranges_asked(), asked);
    EXPECT_EQ(downloads->start(wanted)->state, DownloadState::done) << "and not read a second time";
    restart();
    EXPECT_EQ(downloads->start(wanted)->state, DownloadState::done);
}

TEST_F(ChangedFilesTest, AreReadOnDemandWhateverTheirTimeSays) {
    const auto time = fs::last_write_time(file);
    overwrite_in_place();
    fs::last_write_time(file, time);
    ASSERT_EQ(pull(), DownloadState::done);
    ASSERT_FALSE(is_right()) << "nothing shows that it was changed";

    EXPECT_EQ(pull(Recheck::always), DownloadState::done);

    EXPECT_TRUE(is_right());
}

TEST_F(ChangedFilesTest, AreNotListedAnyMoreWhenNoSourceCanMendThem) {
    fs::resize_file(file, 1000);
    source.stop_answering_after(1);

    EXPECT_EQ(pull(), DownloadState::failed);

    EXPECT_EQ(store->find(wanted.id), nullptr);
    EXPECT_FALSE(fs::exists(file));
}

TEST_F(ChangedFilesTest, AreToldOfAfterARestartUntilTheyAreFetchedAgain) {
    fs::resize_file(file, 1000);
    restart();

    const auto told = downloads->reports();
    ASSERT_EQ(pull(), DownloadState::done);

    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].model, wanted.id);
    EXPECT_EQ(told[0].state, DownloadState::failed);
    EXPECT_EQ(told[0].phase, "damaged");
    EXPECT_THAT(told[0].reason.value_or(""), testing::HasSubstr("has 1000 bytes instead of"));
    EXPECT_TRUE(is_right());
    EXPECT_EQ(downloads->reports().size(), 1U) << "only the download";
}

TEST_F(ChangedFilesTest, OfTheCacheAreNotGivenToAnotherHome) {
    ASSERT_TRUE(store->remove(wanted.id));
    for (const auto& entry : fs::directory_iterator(house.home.cache / "models")) {
        if (entry.path().extension() == ".gguf") file = entry.path();
    }
    overwrite_in_place();
    touch();

    EXPECT_EQ(pull(), DownloadState::done);

    EXPECT_EQ(read_file(store->path_of(wanted.id).value()), source.content);
    EXPECT_GT(source.ranges_asked(), asked);
}

}  // namespace
}  // namespace rbees::poold
