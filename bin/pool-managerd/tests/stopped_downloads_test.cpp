/// Downloads that are ended early, ids that two models want, and more downloads than run at a time.

#include <gmock/gmock.h>

#include "downloads_house.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::poold {
namespace {

using contracts::ErrorCode;
using testing::HasSubstr;

class StoppedDownloadsTest : public DownloadsTest {
  protected:
    /// Starts a download that stops in the middle, and waits for it to come there.
    void start_held() {
        source.hold_after(100'000);
        ASSERT_TRUE(downloads->start(wanted));
        ASSERT_TRUE(run_until(io, [&] { return source.held() == 4; }));
        ASSERT_TRUE(is_in_cache(".partial"));
    }

    [[nodiscard]] bool has_orders() const { return !std::filesystem::is_empty(house.home.state / "downloads"); }

    [[nodiscard]] bool ends_all() {
        return run_until(io, [&] { return !is_in_cache(".partial") && !is_in_cache(".partial.json"); });
    }

    contracts::ModelSpec wanted = spec({at(source.url("/model.gguf"))});
};

TEST_F(StoppedDownloadsTest, EndAtOnceAndLeaveNothing) {
    start_held();

    EXPECT_EQ(downloads->cancel(wanted.id), Cancelled::stopped);

    EXPECT_FALSE(downloads->is_running(wanted.id));
    EXPECT_EQ(downloads->reports().back().state, DownloadState::cancelled);
    EXPECT_FALSE(has_orders());
    EXPECT_TRUE(ends_all());
    restart();
    downloads->resume();
    EXPECT_FALSE(downloads->is_running(wanted.id));
    EXPECT_EQ(store->find(wanted.id), nullptr);
}

TEST_F(StoppedDownloadsTest, CanBeginAgain) {
    start_held();
    static_cast<void>(downloads->cancel(wanted.id));
    source.go_on();

    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_EQ(read_file(store->path_of(wanted.id).value()), source.content);
}

TEST_F(StoppedDownloadsTest, AreGoneOnWithWhenOnlyTheProcessStops) {
    start_held();

    downloads->stop();

    EXPECT_TRUE(has_orders());
    EXPECT_TRUE(is_in_cache(".partial"));
}

TEST_F(StoppedDownloadsTest, LeaveNothingEvenWhereTheyHadFailed) {
    source.cut_after(200'000, 1000);
    source.stop_answering_after(600'000);
    ASSERT_EQ(ended(wanted).state, DownloadState::failed);
    ASSERT_TRUE(is_in_cache(".partial.json"));

    EXPECT_EQ(downloads->cancel(wanted.id), Cancelled::cleared);

    EXPECT_TRUE(downloads->reports().empty());
    EXPECT_FALSE(is_in_cache(".partial"));
    EXPECT_EQ(downloads->cancel(wanted.id), Cancelled::nothing);
}

TEST_F(StoppedDownloadsTest, LeaveTheFilesOfOtherModelsAlone) {
    start_held();

    EXPECT_EQ(downloads->cancel(ModelId("tin")), Cancelled::nothing);
    EXPECT_EQ(downloads->cancel(ModelId("tiny.0")), Cancelled::nothing);

    EXPECT_TRUE(downloads->is_running(wanted.id));
    EXPECT_TRUE(is_in_cache(".partial"));
}

TEST_F(StoppedDownloadsTest, EndARecipeWithAllThatItStarted) {
    std::filesystem::create_directories(house.folder() / "recipes");
    const auto script =
        fmt::format("trap 'touch {0}/tidied' EXIT\ntouch {0}/began\ntail -f /dev/null\n", house.folder().native());
    ASSERT_TRUE(write_file_atomically(house.folder() / "recipes/endless.sh", script, FileAccess::everyone));
    wanted.sources = {{.kind = SourceKind::recipe, .file = "endless"}};
    ASSERT_TRUE(downloads->start(wanted));
    ASSERT_TRUE(run_until(io, [&] { return std::filesystem::exists(house.folder() / "began"); }));

    EXPECT_EQ(downloads->cancel(wanted.id), Cancelled::stopped);

    EXPECT_TRUE(run_until(io, [&] { return std::filesystem::exists(house.folder() / "tidied"); }));
}

TEST_F(StoppedDownloadsTest, RefuseAnotherModelUnderAnIdThatIsTaken) {
    ASSERT_EQ(ended(wanted).state, DownloadState::done);

    const auto refused = downloads->start(spec({at(source.url("/other.gguf"))}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::CONFLICT);
    EXPECT_THAT(refused.error().detail, HasSubstr(source.url("/model.gguf")));
    EXPECT_THAT(refused.error().hint.value(), HasSubstr("rbees models rm tiny"));
    EXPECT_TRUE(downloads->start(spec({at(source.url("/other.gguf")), at(source.url("/model.gguf"))})))
        << "one source is the same";
}

TEST_F(StoppedDownloadsTest, RefuseAnotherModelUnderAnIdThatIsOnItsWay) {
    start_held();

    const auto refused = downloads->start(spec({at(source.url("/other.gguf"))}));

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::CONFLICT);
    EXPECT_TRUE(downloads->start(wanted)) << "the same one goes on";
}

TEST_F(StoppedDownloadsTest, RefuseOtherBytesThanThoseThatAreHere) {
    ASSERT_EQ(ended(wanted).state, DownloadState::done);
    wanted.sha256 = std::string(64, 'a');

    EXPECT_EQ(downloads->start(wanted).error().code, ErrorCode::CONFLICT);
}

TEST_F(StoppedDownloadsTest, KeepTwoRepositoriesApartWhoseFilesAreCalledTheSame) {
    const auto one = pool::resolve_reference("hf:a/x::file=ggml-model-q4_0.gguf").value();
    const auto other = pool::resolve_reference("hf:b/y::file=ggml-model-q4_0.gguf").value();
    ASSERT_EQ(ended(one).state, DownloadState::done);
    const auto first = source.content;
    source.content = gguf_bytes(1 << 19);

    ASSERT_EQ(ended(other).state, DownloadState::done);

    EXPECT_EQ(read_file(store->path_of(one.id).value()), first);
    EXPECT_EQ(read_file(store->path_of(other.id).value()), source.content);
}

TEST_F(StoppedDownloadsTest, AreRefusedForAMomentWhenTooManyRun) {
    source.hold_after(100'000);
    for (const auto* id : {"a", "b", "c", "d"}) {
        wanted.id = ModelId(id);
        ASSERT_TRUE(downloads->start(wanted));
    }
    wanted.id = ModelId("e");

    const auto refused = downloads->start(wanted);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status(), 429);
    EXPECT_EQ(refused.error().limit, "downloads");
    EXPECT_TRUE(refused.error().retry_after_ms);
    EXPECT_THAT(refused.error().hint.value(), HasSubstr("rbees models rm"));
    static_cast<void>(downloads->cancel(ModelId("a")));
    EXPECT_TRUE(downloads->start(wanted));
}

}  // namespace
}  // namespace rbees::poold
