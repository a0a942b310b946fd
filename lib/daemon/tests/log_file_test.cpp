#include "rbees/daemon/log_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rbees/base/files.hpp"

namespace rbees::daemon {
namespace {

namespace fs = std::filesystem;

/// A folder for the test, and stderr (and stdout) in a file of it for as long as a test wants.
class LogFileTest : public testing::Test {
  protected:
    LogFileTest() {
        auto pattern = (fs::temp_directory_path() / "rbees-log-XXXXXX").native();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder = pattern;
        log = folder / "orcd.log";
    }
    ~LogFileTest() override {
        restore();
        std::error_code ignored;
        fs::remove_all(folder, ignored);
    }

    void send_stderr_to(const fs::path& file, int flags = O_APPEND) {
        std::fflush(nullptr);
        out_before_.reset(::dup(STDOUT_FILENO));
        err_before_.reset(::dup(STDERR_FILENO));
        const UniqueFd opened(::open(file.c_str(), O_WRONLY | O_CREAT | flags, 0600));
        ::dup2(opened.get(), STDOUT_FILENO);
        ::dup2(opened.get(), STDERR_FILENO);
    }

    void restore() {
        if (!err_before_.valid()) return;
        std::fflush(nullptr);
        ::dup2(out_before_.get(), STDOUT_FILENO);
        ::dup2(err_before_.get(), STDERR_FILENO);
        out_before_.reset();
        err_before_.reset();
    }

    [[nodiscard]] static std::vector<std::string> lines_of(const fs::path& file) {
        std::istringstream text(read_file(file).value_or(""));
        std::vector<std::string> lines;
        for (std::string line; std::getline(text, line);) {
            lines.push_back(line);
        }
        return lines;
    }

    /// The lines of all files, oldest first.
    [[nodiscard]] std::vector<std::string> all_lines() const {
        std::uint32_t oldest = 0;
        while (fs::exists(older_log(log, oldest + 1))) {
            ++oldest;
        }
        std::vector<std::string> lines;
        for (auto age = oldest; age > 0; --age) {
            std::ranges::move(lines_of(older_log(log, age)), std::back_inserter(lines));
        }
        std::ranges::move(lines_of(log), std::back_inserter(lines));
        return lines;
    }

    [[nodiscard]] std::size_t count_files() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
    }

    fs::path folder;
    fs::path log;

  private:
    UniqueFd out_before_;
    UniqueFd err_before_;
};

TEST_F(LogFileTest, LinesOfAtLeastTheLevelReachStderrWhole) {
    testing::internal::CaptureStderr();

    const auto logger = log_to_stderr(LogLevel::warning, {});
    logger.info("quiet");
    logger.error("%v {} loud");

    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::MatchesRegex(R"(\{"ts":"[^"]*","lvl":"error","mod":"main","msg":"%v \{\} loud"\})"
                                      "\n"));
}

TEST_F(LogFileTest, AFullFileIsSetAsideAndTheOldestIsDeleted) {
    send_stderr_to(log);
    const auto logger = log_to_stderr(LogLevel::info, {.size = Bytes(300), .keep = 2});

    for (int number = 0; number < 50; ++number) {
        logger.info(fmt::format("line {}", number));
    }
    restore();

    EXPECT_EQ(count_files(), 3U);
    const auto lines = all_lines();
    ASSERT_FALSE(lines.empty());
    const auto first = 50 - static_cast<int>(lines.size());
    EXPECT_GT(first, 0);
    for (int number = first; number < 50; ++number) {
        EXPECT_THAT(lines.at(static_cast<std::size_t>(number - first)),
                    testing::HasSubstr(fmt::format("\"line {}\"", number)));
    }
    for (const auto& file : {log, older_log(log, 1), older_log(log, 2)}) {
        EXPECT_LE(fs::file_size(file), 400U) << file;
        EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write) << file;
    }
}

TEST_F(LogFileTest, NoLineOfAnybodyIsLostWhileFilesChange) {
    constexpr int lines_each = 400;
    send_stderr_to(log);
    const auto logger = log_to_stderr(LogLevel::info, {.size = Bytes(2000), .keep = 100});

    const auto write_by_itself = [](int fd) {
        for (int number = 0; number < lines_each; ++number) {
            const auto line = fmt::format("native {}\n", fd);
            ASSERT_EQ(::write(fd, line.data(), line.size()), static_cast<ssize_t>(line.size()));
        }
    };
    std::thread err(write_by_itself, STDERR_FILENO);
    std::thread out(write_by_itself, STDOUT_FILENO);
    for (int number = 0; number < lines_each; ++number) {
        logger.info("ours");
    }
    err.join();
    out.join();
    restore();

    const auto lines = all_lines();
    EXPECT_GT(count_files(), 5U);
    EXPECT_EQ(std::ranges::count(lines, "native 1"), lines_each);
    EXPECT_EQ(std::ranges::count(lines, "native 2"), lines_each);
    EXPECT_EQ(lines.size(), 3U * lines_each);
}

TEST_F(LogFileTest, WithNothingToKeepTheOldFileIsDeleted) {
    send_stderr_to(log);
    const auto logger = log_to_stderr(LogLevel::info, {.size = Bytes(200), .keep = 0});

    for (int number = 0; number < 20; ++number) {
        logger.info("line");
    }
    restore();

    EXPECT_EQ(count_files(), 1U);
    EXPECT_LE(fs::file_size(log), 300U);
}

TEST_F(LogFileTest, FilesBeyondASmallerNumberGo) {
    for (std::uint32_t age = 1; age <= 5; ++age) {
        ASSERT_TRUE(write_file_atomically(older_log(log, age), "old\n", FileAccess::owner_only));
    }
    ASSERT_TRUE(write_file_atomically(log, std::string(500, 'x') + "\n", FileAccess::owner_only));
    send_stderr_to(log);

    log_to_stderr(LogLevel::info, {.size = Bytes(400), .keep = 2}).info("new");
    restore();

    EXPECT_EQ(count_files(), 3U);
    EXPECT_EQ(lines_of(older_log(log, 2)), std::vector<std::string>{"old"});
    EXPECT_THAT(lines_of(log), testing::ElementsAre(testing::HasSubstr("new")));
}

TEST_F(LogFileTest, AFileThatIsNotAppendedToIsLeftAlone) {
    send_stderr_to(log, O_TRUNC);
    const auto logger = log_to_stderr(LogLevel::info, {.size = Bytes(100), .keep = 2});

    for (int number = 0; number < 20; ++number) {
        logger.info("line");
    }
    restore();

    EXPECT_EQ(count_files(), 1U);
    EXPECT_EQ(lines_of(log).size(), 20U);
}

TEST_F(LogFileTest, AFileThatCannotBeSetAsideGoesOn) {
    send_stderr_to(log);
    const auto logger = log_to_stderr(LogLevel::info, {.size = Bytes(100), .keep = 2});
    const UniqueFd held(::open(log.c_str(), O_RDONLY));
    fs::remove_all(folder);

    for (int number = 0; number < 20; ++number) {
        logger.info("line");
    }
    restore();

    EXPECT_GT(::lseek(held.get(), 0, SEEK_END), 20 * 40);
}

TEST_F(LogFileTest, ALogOfChildrenIsSetAsideBetweenThem) {
    const LogLimits limits{.size = Bytes(10), .keep = 1};
    set_aside_if_full(log, limits);
    EXPECT_EQ(count_files(), 0U);
    ASSERT_TRUE(write_file_atomically(log, "short\n", FileAccess::owner_only));

    set_aside_if_full(log, limits);
    EXPECT_TRUE(fs::exists(log));
    ASSERT_TRUE(write_file_atomically(log, "long enough\n", FileAccess::owner_only));
    set_aside_if_full(log, limits);

    EXPECT_FALSE(fs::exists(log));
    EXPECT_EQ(lines_of(older_log(log, 1)), std::vector<std::string>{"long enough"});
}

}  // namespace
}  // namespace rbees::daemon
