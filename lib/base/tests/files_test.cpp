#include "rbees/base/files.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "file_writing.hpp"
#include "temporary_folder.hpp"

namespace rbees {
namespace {

namespace fs = std::filesystem;

fs::perms permissions_of(const fs::path& path) {
    return fs::status(path).permissions() & fs::perms::mask;
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        names.push_back(entry.path().filename());
    }
    return names;
}

/// Makes every file that grows beyond `bytes` fail, as a full disk does, until the guard goes.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : old_action_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        const rlimit limit{bytes, old_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, old_action_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    rlimit old_{};
    void (*old_action_)(int);
};

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
    const int raw = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    {
        UniqueFd first(raw);
        UniqueFd second = std::move(first);
        EXPECT_FALSE(first.valid());
        EXPECT_EQ(second.get(), raw);
    }

    EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

TEST(UniqueFd, ReleasedDescriptorStaysOpen) {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));

    const int raw = fd.release();
    fd.reset();

    EXPECT_NE(::fcntl(raw, F_GETFD), -1);
    ::close(raw);
}

TEST(WriteFileAtomically, GivesBackWhatWasWritten) {
    const TemporaryFolder folder;
    const std::string content("line\n\0bytes", 11);

    ASSERT_TRUE(write_file_atomically(folder / "a.json", content, FileAccess::everyone));

    EXPECT_EQ(read_file(folder / "a.json"), content);
    EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("a.json"));
}

TEST(WriteFileAtomically, ReplacesTheOldContentAndItsPermissions) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_atomically(folder / "token", "a long old content", FileAccess::everyone));

    ASSERT_TRUE(write_file_atomically(folder / "token", "new", FileAccess::owner_only));

    EXPECT_EQ(read_file(folder / "token"), "new");
    EXPECT_EQ(permissions_of(folder / "token"), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(ReadFirstLine, EndsBeforeTheLinesEnd) {
    const TemporaryFolder folder;
    const auto read = [&](std::string_view content) {
        EXPECT_TRUE(write_file_atomically(folder.path() / "file", content, FileAccess::owner_only));
        return read_first_line(folder.path() / "file").value_or("failed");
    };

    EXPECT_EQ(read("token\n"), "token");
    EXPECT_EQ(read("token\r\nmore\n"), "token");
    EXPECT_EQ(read("token"), "token");
    EXPECT_EQ(read(""), "");
    EXPECT_EQ(read(std::string(5000, 'x')), "failed");
    EXPECT_FALSE(read_first_line(folder.path() / "absent"));
}

TEST(WriteFileAtomically, NameWithoutFolderIsInTheWorkingFolder) {
    const TemporaryFolder folder;
    const auto before = fs::current_path();
    fs::current_path(folder.path());

    const auto written = write_file_atomically("bare", "x", FileAccess::everyone);
    fs::current_path(before);

    ASSERT_TRUE(written);
    EXPECT_EQ(read_file(folder / "bare"), "x");
}

TEST(WriteFileAtomically, MissingFolderIsNamedInTheFailure) {
    const auto failure = write_file_atomically("/nonexistent-rbees/a", "x", FileAccess::everyone).error();

    EXPECT_EQ(failure.message, "cannot write /nonexistent-rbees/a: No such file or directory");
}

TEST(WriteFileAtomically, FailureLeavesTheOldContentAndNoTemporaryFile) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_atomically(folder / "a", "old", FileAccess::everyone));
    Result<void> written;
    {
        const FileSizeLimit limit(4096);
        written = write_file_atomically(folder / "a", std::string(100'000, 'x'), FileAccess::everyone);
    }

    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().message, testing::StartsWith("cannot write " + (folder / "a").native() + ": "));
    EXPECT_EQ(read_file(folder / "a"), "old");
    EXPECT_THAT(names_in(folder.path()), testing::ElementsAre("a"));
}

TEST(WriteFile, FullDiskIsSaidWithPathAndRemedy) {
    const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));

    const auto failure = write_and_sync(full.get(), "x", "/data/orcd.json").error();

    EXPECT_EQ(describe(failure),
              "cannot write /data/orcd.json: No space left on device (free some space on that file system)");
}

TEST(ReadFile, RefusesAFileBeyondTheLimit) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_atomically(folder / "a", std::string(1025, 'x'), FileAccess::everyone));

    EXPECT_TRUE(read_file(folder / "a", Bytes(1025)));
    EXPECT_EQ(read_file(folder / "a", kibibytes(1)).error().message, (folder / "a").native() + " is larger than 1 kB");
}

TEST(ReadFile, ReadsFilesWhoseSizeIsNotKnownBefore) {
    const auto status = read_file("/proc/self/status");

    ASSERT_TRUE(status);
    EXPECT_THAT(*status, testing::HasSubstr("Pid:"));
}

TEST(ReadFile, SaysWhyItCannot) {
    const TemporaryFolder folder;

    EXPECT_THAT(read_file(folder / "a").error().message, testing::EndsWith("/a: No such file or directory"));
    EXPECT_THAT(read_file(folder.path()).error().message, testing::EndsWith(": Is a directory"));
}

TEST(PrivateFolder, IsMadeWithItsParentsForItsOwnerOnly) {
    const TemporaryFolder folder;

    ASSERT_TRUE(make_private_folder(folder / "a/b/secrets/"));

    EXPECT_EQ(permissions_of(folder / "a/b/secrets"), fs::perms::owner_all);
    EXPECT_NE(permissions_of(folder / "a/b"), fs::perms::owner_all);
}

TEST(PrivateFolder, FolderThatIsThereKeepsItsPermissions) {
    const TemporaryFolder folder;
    fs::create_directory(folder / "shared");
    fs::permissions(folder / "shared", fs::perms::owner_all | fs::perms::group_all);

    ASSERT_TRUE(make_private_folder(folder / "shared"));

    EXPECT_EQ(permissions_of(folder / "shared"), fs::perms::owner_all | fs::perms::group_all);
}

TEST(PrivateFolder, FileInItsPlaceIsAFailure) {
    const TemporaryFolder folder;
    ASSERT_TRUE(write_file_atomically(folder / "a", "x", FileAccess::everyone));

    EXPECT_EQ(make_private_folder(folder / "a").error().message, (folder / "a").native() + " is not a folder");
    EXPECT_THAT(make_private_folder(folder / "a/b").error().message, testing::HasSubstr("cannot make folder"));
}

TEST(FileLock, SecondHolderIsToldWhoHoldsIt) {
    const TemporaryFolder folder;
    const auto first = FileLock::acquire(folder / "orcd.lock");
    ASSERT_TRUE(first);

    const auto second = FileLock::acquire(folder / "orcd.lock");

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              (folder / "orcd.lock").native() + " is held by process " + std::to_string(::getpid()));
}

TEST(FileLock, IsFreeAgainWhenItsHolderIsGone) {
    const TemporaryFolder folder;
    ASSERT_TRUE(FileLock::acquire(folder / "orcd.lock"));

    EXPECT_TRUE(FileLock::acquire(folder / "orcd.lock"));
}

TEST(FileLock, IsKnownToBeHeldWithoutBeingTaken) {
    const TemporaryFolder folder;
    EXPECT_FALSE(FileLock::is_held(folder / "orcd.lock"));
    const auto first = FileLock::acquire(folder / "orcd.lock");

    EXPECT_TRUE(FileLock::is_held(folder / "orcd.lock"));
}

TEST(FileLock, MissingFolderIsNamed) {
    EXPECT_THAT(FileLock::acquire("/nonexistent-rbees/lock").error().message,
                testing::HasSubstr("/nonexistent-rbees/lock"));
}

TEST(FreeSpace, IsAskedOfTheFileSystemThatWillHoldThePath) {
    const TemporaryFolder folder;

    const auto there = free_space(folder.path());
    const auto not_yet_there = free_space(folder / "models/some/file.gguf");

    ASSERT_TRUE(there);
    ASSERT_TRUE(not_yet_there);
    EXPECT_GT(there->value, 0U);
}

TEST(FreeSpace, FileInPlaceOfAFolderIsAFailure) {
    EXPECT_THAT(free_space("/dev/null/a").error().message, testing::HasSubstr("Not a directory"));
}

}  // namespace
}  // namespace rbees
