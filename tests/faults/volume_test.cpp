#include "volume.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "rbees/base/files.hpp"

namespace rbees::faults {
namespace {

namespace fs = std::filesystem;

/// A folder whose files are changed as a preloaded program changes them: the file first, then the volume is told.
class VolumeTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string made = (fs::temp_directory_path() / "rbees-volume-XXXXXX").native();
        ASSERT_NE(::mkdtemp(made.data()), nullptr);
        root = made;
        fs::create_directory(root / "disk");
    }
    void TearDown() override {
        volume.reset();
        fs::remove_all(root);
    }

    void boot() {
        volume.reset();
        volume = Volume::power_on(root / "disk", root / "durable", "");
        ASSERT_NE(volume, nullptr);
    }

    [[nodiscard]] fs::path at(const std::string& name) const { return root / "disk" / name; }

    [[nodiscard]] Unsynced& open(const std::string& name) {
        const bool is_new = !fs::exists(at(name));
        const UniqueFd fd(::open(at(name).c_str(), O_RDWR | O_CREAT, 0600));
        struct stat status{};
        EXPECT_EQ(::fstat(fd.get(), &status), 0);
        const Volume::Inode inode{status.st_dev, status.st_ino};
        volume->opened(name, inode, is_new);
        return *volume->file(inode);
    }

    void write(const std::string& name, std::int64_t offset, const std::string& bytes) {
        auto& unsynced = open(name);
        std::fstream(at(name), std::ios::in | std::ios::out).seekp(offset) << bytes;
        unsynced.wrote(offset, bytes);
    }

    void write_durably(const std::string& name, const std::string& bytes) {
        write(name, 0, bytes);
        open(name).sync();
        volume->sync_folder();
    }

    [[nodiscard]] std::string content(const std::string& name) const {
        if (!fs::exists(at(name))) return "none";
        std::ostringstream text;
        text << std::ifstream(at(name)).rdbuf();
        return text.str();
    }

    fs::path root;
    std::unique_ptr<Volume> volume;
};

TEST_F(VolumeTest, WhatWasSyncedIsThereAfterTheBoot) {
    boot();
    write_durably("a", "kept");

    boot();

    EXPECT_EQ(content("a"), "kept");
}

TEST_F(VolumeTest, WhatWasNotSyncedIsGone) {
    boot();
    write_durably("a", "kept");
    write("a", 2, "lost");
    open("a").cut_to(100);

    boot();

    EXPECT_EQ(content("a"), "kept");
}

TEST_F(VolumeTest, FileWhoseFolderWasNotSyncedIsGone) {
    boot();
    write("a", 0, "no name yet");
    open("a").sync();

    boot();

    EXPECT_EQ(content("a"), "none");
}

TEST_F(VolumeTest, FileThatWasThereBeforeIsTakenForDurable) {
    std::ofstream(at("old")) << "from before";
    boot();
    write("old", 0, "over");

    boot();

    EXPECT_EQ(content("old"), "from before");
}

TEST_F(VolumeTest, RemovedAndRenamedFilesComeBackUnlessTheFolderWasSynced) {
    boot();
    write_durably("a", "a");
    write_durably("b", "b");
    volume->about_to_change("a");
    fs::remove(at("a"));
    volume->removed("a");
    volume->sync_folder();
    fs::rename(at("b"), at("c"));
    volume->renamed("b", "c");

    boot();

    EXPECT_EQ(content("a"), "none");
    EXPECT_EQ(content("b"), "b");
    EXPECT_EQ(content("c"), "none");
}

TEST_F(VolumeTest, RenameReplacesAFileWithWhatWasSyncedOfTheOther) {
    boot();
    write_durably("config", "old");
    write("new", 0, "new");
    open("new").sync();
    write("new", 3, " and unsynced");
    volume->about_to_change("config");
    fs::rename(at("new"), at("config"));
    volume->renamed("new", "config");
    volume->sync_folder();

    boot();

    EXPECT_EQ(content("config"), "new");
    EXPECT_EQ(content("new"), "none");
}

TEST_F(VolumeTest, CutLeavesSectorsThatAreOldOrNewButNotMixed) {
    constexpr std::size_t sectors = 64;
    bool some_are_mixed = false;
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
        boot();
        write_durably("a", std::string(sectors * Unsynced::sector_bytes, 'o'));
        write("a", 0, std::string(sectors * Unsynced::sector_bytes, 'n'));
        volume->cut(seed);

        boot();

        const auto found = content("a");
        ASSERT_EQ(found.size(), sectors * Unsynced::sector_bytes);
        for (std::size_t sector = 0; sector < sectors; ++sector) {
            const auto part = found.substr(sector * Unsynced::sector_bytes, Unsynced::sector_bytes);
            ASSERT_EQ(part.find_first_not_of(part[0]), std::string::npos);
        }
        some_are_mixed |= found.find('o') != std::string::npos && found.find('n') != std::string::npos;
    }
    EXPECT_TRUE(some_are_mixed);
}

TEST_F(VolumeTest, IndexOfTheLogIsGoneAfterTheBoot) {
    boot();
    std::ofstream(at("x.db-shm")) << "mapped";

    boot();

    EXPECT_EQ(content("x.db-shm"), "none");
}

TEST_F(VolumeTest, SecondProcessDoesNotGetIt) {
    boot();

    EXPECT_EQ(Volume::power_on(root / "disk", root / "durable", ""), nullptr);
}

}  // namespace
}  // namespace rbees::faults
