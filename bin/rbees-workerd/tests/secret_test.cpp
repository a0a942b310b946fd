#include "secret.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <map>

#include "rbees/base/files.hpp"
#include "temporary_folder.hpp"

namespace rbees::workerd {
namespace {

using testing::HasSubstr;

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
}

/// The reading end of a pipe that holds `content`, its writing end closed.
int pipe_with(std::string_view content) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    EXPECT_EQ(::write(ends[1], content.data(), content.size()), static_cast<ssize_t>(content.size()));
    ::close(ends[1]);
    return ends[0];
}

const WorkerId worker{"w-1"};

TEST(SpawnSecret, IsReadFromTheInheritedDescriptorAndTheDescriptorIsClosed) {
    const int fd = pipe_with("  top-secret\n");

    const auto secret = obtain_secret(fd, worker, environment_of({}));

    ASSERT_TRUE(secret) << secret.error().message;
    EXPECT_EQ(secret->text, "top-secret");
    EXPECT_FALSE(secret->made_in);
    EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(SpawnSecret, RefusesADescriptorWithNothingTooMuchOrSomethingElse) {
    EXPECT_THAT(obtain_secret(pipe_with(" \n"), worker, environment_of({})).error().message, HasSubstr("no secret"));
    EXPECT_THAT(obtain_secret(pipe_with("two words"), worker, environment_of({})).error().message,
                HasSubstr("one word"));
    EXPECT_THAT(obtain_secret(pipe_with(std::string(5000, 'x')), worker, environment_of({})).error().message,
                HasSubstr("more than"));
    EXPECT_THAT(obtain_secret(1'000'000, worker, environment_of({})).error().message, HasSubstr("descriptor 1000000"));
}

TEST(SpawnSecret, IsReadFromTheFileThatTheEnvironmentNames) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "secret";
    ASSERT_TRUE(write_file_atomically(file, "from-file\n", FileAccess::owner_only));

    const auto secret = obtain_secret(std::nullopt, worker, environment_of({{secret_file_variable, file}}));

    ASSERT_TRUE(secret) << secret.error().message;
    EXPECT_EQ(secret->text, "from-file");
}

TEST(SpawnSecret, SaysWhichFileIsMissing) {
    const auto secret =
        obtain_secret(std::nullopt, worker, environment_of({{secret_file_variable, "/nowhere/secret"}}));

    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error().message, HasSubstr("/nowhere/secret"));
}

TEST(SpawnSecret, IsMadeForAPersonAndReadableByNobodyElse) {
    const TemporaryFolder folder;

    const auto secret = obtain_secret(std::nullopt, worker, environment_of({{"RBEES_HOME", folder.path()}}));

    ASSERT_TRUE(secret) << secret.error().message;
    ASSERT_TRUE(secret->made_in);
    EXPECT_EQ(read_file(*secret->made_in).value(), secret->text);
    EXPECT_EQ(secret->text.size(), 43U);
    struct stat status{};
    ASSERT_EQ(::stat(secret->made_in->c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

}  // namespace
}  // namespace rbees::workerd
