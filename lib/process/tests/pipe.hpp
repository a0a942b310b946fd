#pragma once
/// @file
/// A pipe to hold a child at its reading, or to read what it writes.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <string>

#include "rbees/base/files.hpp"
#include "rbees/process/spawn.hpp"

namespace rbees::process {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reading.reset(ends[0]);
        writing.reset(ends[1]);
    }

    UniqueFd reading;
    UniqueFd writing;
};

/// A `cat` that runs until the pipe's writing end is closed.
inline Process start_cat(const Pipe& pipe) {
    auto cat = spawn({.program = "/bin/cat", .files = {{pipe.reading.get(), STDIN_FILENO}}});
    EXPECT_TRUE(cat);
    return std::move(*cat);
}

/// Waits until the process has ended, and leaves it a zombie.
inline void wait_for_zombie(const Process& process) {
    constexpr int deadline_ms = 10'000;
    pollfd waiting{.fd = process.pidfd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&waiting, 1, deadline_ms), 1);
}

/// What a shell script prints, up to its end.
inline std::string output_of(SpawnPlan plan) {
    Pipe pipe;
    plan.files.push_back({pipe.writing.get(), STDOUT_FILENO});
    auto process = spawn(plan);
    EXPECT_TRUE(process) << process.error().message;
    pipe.writing.reset();
    std::string output;
    std::array<char, 4096> chunk{};
    for (ssize_t size = 1; size > 0;) {
        size = ::read(pipe.reading.get(), chunk.data(), chunk.size());
        output.append(chunk.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    }
    static_cast<void>(process->wait_for(std::chrono::seconds(10)));
    return output;
}

inline SpawnPlan shell(std::string script) {
    return {.program = "/bin/sh", .arguments = {"-c", std::move(script)}};
}

}  // namespace rbees::process
