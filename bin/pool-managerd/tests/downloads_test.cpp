#include "downloads/cache_entry.hpp"
#include "downloads_house.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::poold {
namespace {

using testing::HasSubstr;

TEST_F(DownloadsTest, FetchInParallelPartsVerifyAndThenList) {
    const auto report = ended(spec({at(source.url("/model.gguf"))}));

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    ASSERT_NE(store->find(ModelId("tiny")), nullptr);
    EXPECT_EQ(store->find(ModelId("tiny"))->sha256, sha256_hex(source.content));
    EXPECT_EQ(read_file(store->path_of(ModelId("tiny")).value()), source.content);
    EXPECT_EQ(source.ranges_asked(), 5U);  // a first look, and four connections
    EXPECT_FALSE(is_in_cache(".partial"));
}

TEST_F(DownloadsTest, AnswerAtOnceForAModelThatIsThere) {
    const auto wanted = spec({at(source.url("/model.gguf"))});
    ended(wanted);

    const auto again = downloads->start(wanted);

    ASSERT_TRUE(again);
    EXPECT_EQ(again->state, DownloadState::done);
    restart();
    EXPECT_EQ(downloads->start(wanted)->state, DownloadState::done);
}

TEST_F(DownloadsTest, GoOnWhereACutConnectionStopped) {
    source.cut_after(100'000, 3);

    const auto report = ended(spec({at(source.url("/model.gguf"))}));

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_EQ(source.cuts(), 3U);
    EXPECT_LT(source.bytes_sent, 2U * source.content.size());
}

TEST_F(DownloadsTest, GoOnAfterARestartWithWhatCameBefore) {
    source.cut_after(200'000, 1000);
    const auto wanted = spec({at(source.url("/model.gguf"))});
    source.stop_answering_after(600'000);
    const auto failed = ended(wanted);
    ASSERT_EQ(failed.state, DownloadState::failed);
    ASSERT_TRUE(is_in_cache(".partial.json"));
    const auto before = source.bytes_sent;

    source.cut_after(0, 0);
    source.stop_answering_after(0);
    restart();
    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_LT(source.bytes_sent - before, source.content.size());
    EXPECT_EQ(read_file(store->path_of(ModelId("tiny")).value()), source.content);
}

TEST_F(DownloadsTest, GoOnByThemselvesWithWhatAnEarlierRunLeft) {
    const auto wanted = spec({at(source.url("/model.gguf"))});
    const auto order = house.home.state / "downloads/tiny.json";
    ASSERT_TRUE(write_file_atomically(order, reflect::to_json_text(wanted), FileAccess::everyone));

    downloads->resume();

    ASSERT_TRUE(run_until(io, [&] { return store->find(ModelId("tiny")) != nullptr; }));
    EXPECT_TRUE(std::filesystem::is_empty(house.home.state / "downloads"));
}

TEST_F(DownloadsTest, RefuseWrongBytesWithBothHashesAndKeepNothing) {
    auto wanted = spec({at(source.url("/model.gguf"))});
    wanted.sha256 = std::string(64, 'a');

    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::failed);
    EXPECT_THAT(*report.reason, HasSubstr(*wanted.sha256));
    EXPECT_THAT(*report.reason, HasSubstr(sha256_hex(source.content)));
    EXPECT_FALSE(is_in_cache(".partial"));
    EXPECT_FALSE(is_in_cache(".gguf"));
    EXPECT_EQ(store->find(ModelId("tiny")), nullptr);
}

TEST_F(DownloadsTest, TakeTheNextSourceWhenOneHasNoSuchFile) {
    const auto report = ended(spec({at(source.url("/absent.gguf")), at(source.url("/model.gguf"))}));

    EXPECT_EQ(report.state, DownloadState::done);
    EXPECT_THAT(*report.source, HasSubstr("/model.gguf"));
}

TEST_F(DownloadsTest, SayOfEverySourceWhyItDidNotGiveTheModel) {
    const auto report = ended(spec({at(source.url("/absent.gguf")), at("http://127.0.0.1:1/model.gguf")}));

    EXPECT_EQ(report.state, DownloadState::failed);
    EXPECT_THAT(*report.reason, HasSubstr("404"));
    EXPECT_THAT(*report.reason, HasSubstr("nobody answers"));
}

TEST_F(DownloadsTest, TakeAFileWholeFromASourceThatGivesNoParts) {
    source.gives_parts = false;

    const auto report = ended(spec({at(source.url("/model.gguf"))}));

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
}

TEST_F(DownloadsTest, RefuseAFileThatIsNoModel) {
    source.content = "<html>please sign in</html>";

    const auto report = ended(spec({at(source.url("/model.gguf"))}));

    EXPECT_EQ(report.state, DownloadState::failed);
    EXPECT_THAT(*report.reason, HasSubstr("not a GGUF file"));
}

TEST_F(DownloadsTest, TellASecondHomeNothingToFetch) {
    const auto wanted = spec({at(source.url("/model.gguf"))});
    ended(wanted);
    const auto asked = source.ranges_asked();
    ASSERT_TRUE(store->remove(wanted.id));

    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::done);
    EXPECT_EQ(source.ranges_asked(), asked);
}

TEST_F(DownloadsTest, HoldASourceToItsFirstBytes) {
    const auto wanted = spec({at(source.url("/model.gguf"))});
    ended(wanted);
    ASSERT_TRUE(store->remove(wanted.id));
    drop_unused(house.home.cache, wanted.id, wanted.sources);
    source.content = gguf_bytes(1 << 19);

    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::failed);
    EXPECT_THAT(*report.reason, HasSubstr("differs from the first download"));
}

TEST_F(DownloadsTest, FindAFileInARepositoryOfHuggingFace) {
    ModelSource repository{.kind = SourceKind::huggingface, .repository = "org/tiny"};

    const auto report = ended(spec({repository}));

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_EQ(source.last_path(), "/org/tiny/resolve/main/tiny-Q4_K_M.gguf");
}

TEST_F(DownloadsTest, LinkAFileThatLiesHere) {
    const auto file = house.folder() / "mine.gguf";
    ASSERT_TRUE(write_file_atomically(file, source.content, FileAccess::everyone));

    const auto report = ended(spec({{.kind = SourceKind::file, .file = file.native()}}));

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_EQ(std::filesystem::hard_link_count(file), 2U);
}

TEST_F(DownloadsTest, RunARecipeAndTakeTheFileThatItNames) {
    std::filesystem::create_directories(house.folder() / "recipes");
    const auto made = house.folder() / "made.gguf";
    ASSERT_TRUE(write_file_atomically(made, source.content, FileAccess::everyone));
    const auto good = fmt::format("echo working >&2\necho {}\n", made.native());
    ASSERT_TRUE(write_file_atomically(house.folder() / "recipes/good.sh", good, FileAccess::everyone));
    ASSERT_TRUE(write_file_atomically(house.folder() / "recipes/bad.sh", "exit 7\n", FileAccess::everyone));

    EXPECT_FALSE(downloads->start(spec({{.kind = SourceKind::recipe, .file = "../evil"}})));
    const auto report =
        ended(spec({{.kind = SourceKind::recipe, .file = "bad"}, {.kind = SourceKind::recipe, .file = "good"}}));

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
}

TEST_F(DownloadsTest, ShowNoTokenOfOursToARecipe) {
    std::filesystem::create_directories(house.folder() / "recipes");
    const auto made = house.folder() / "made.gguf";
    ASSERT_TRUE(write_file_atomically(made, source.content, FileAccess::everyone));
    const auto nosy = fmt::format("test -z \"$HF_TOKEN$RBEES_TOKEN\" || exit 9\necho {}\n", made.native());
    ASSERT_TRUE(write_file_atomically(house.folder() / "recipes/nosy.sh", nosy, FileAccess::everyone));
    ASSERT_EQ(::setenv("HF_TOKEN", "hf_secret", 1) + ::setenv("RBEES_TOKEN", "rbk_secret", 1), 0);

    const auto report = ended(spec({{.kind = SourceKind::recipe, .file = "nosy"}}));
    ::unsetenv("HF_TOKEN");
    ::unsetenv("RBEES_TOKEN");

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
}

TEST_F(DownloadsTest, RefuseAnIdThatCouldNameAnotherFile) {
    auto wanted = spec({at(source.url("/model.gguf"))});
    wanted.id = ModelId("../x");

    const auto refused = downloads->start(wanted);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, contracts::ErrorCode::INVALID_PARAMS);
}

}  // namespace
}  // namespace rbees::poold
