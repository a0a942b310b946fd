#include "leftovers.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include <spawn.h>
#include <sys/wait.h>

#include <gtest/gtest.h>

namespace rbees::bdd {
namespace {

/// A process that waits until it is ended, with this environment.
class Bystander {
  public:
    explicit Bystander(std::string variable) {
        std::array<std::string, 3> words{"tail", "-f", "/dev/null"};
        std::array<char*, 4> argv{words[0].data(), words[1].data(), words[2].data(), nullptr};
        std::array<char*, 2> environment{variable.data(), nullptr};
        posix_spawn(&pid_, "/usr/bin/tail", nullptr, nullptr, argv.data(), environment.data());
    }
    ~Bystander() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Bystander(const Bystander&) = delete;
    Bystander& operator=(const Bystander&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }

  private:
    pid_t pid_ = 0;
};

/// As `find_processes`, but a process that was just made shows its environment only a moment later.
std::vector<RunningProcess> find_soon(const std::string& mark) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    auto found = find_processes(mark);
    while (found.empty() && std::chrono::steady_clock::now() < deadline) {
        found = find_processes(mark);
    }
    return found;
}

TEST(Leftovers, FindsTheProcessesThatCarryTheMarkAndNoOthers) {
    const std::string mark = "scenario-leftovers-" + std::to_string(getpid());
    const Bystander ours("RBEES_HOME=/x/" + mark + "/home");
    const Bystander other("RBEES_HOME=/x/elsewhere");

    const auto found = find_soon(mark);

    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].pid, ours.pid());
    EXPECT_EQ(describe(found), "tail (" + std::to_string(ours.pid()) + ")");
}

TEST(Leftovers, TakesNoHarmFromProcessesThatEndMeanwhile) {
    constexpr int looks = 300;
    std::jthread crowd([](const std::stop_token& stop) {
        while (!stop.stop_requested())
            const Bystander passes_by("RBEES_HOME=/x/elsewhere");
    });

    for (int look = 0; look < looks; ++look)
        ASSERT_TRUE(find_processes("scenario-that-never-was").empty());
}

TEST(Leftovers, FindsNothingForAMarkThatNobodyCarries) {
    EXPECT_TRUE(find_processes("scenario-that-never-was-" + std::to_string(getpid())).empty());
}

}  // namespace
}  // namespace rbees::bdd
