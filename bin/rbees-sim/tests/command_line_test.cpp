#include "command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace rbees::sim {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::expected<CommandLine, int> read(std::vector<std::string> words) {
    words.insert(words.begin(), "rbees-sim");
    std::vector<char*> pointers;
    for (auto& word : words) {
        pointers.push_back(word.data());
    }
    return read_command_line(static_cast<int>(pointers.size()), pointers.data());
}

TEST(SimCommandLine, TakesAPolicyByItsName) {
    const auto usual = read({"run"});
    const auto other = read({"run", "--queue-policy", "drop-lru", "--queue-capacity", "20"});

    ASSERT_TRUE(usual && other);
    EXPECT_EQ(usual->options.queue_policy, control::QueuePolicy::reject);
    EXPECT_EQ(other->options.queue_policy, control::QueuePolicy::drop_lru);
    EXPECT_EQ(other->options.queue_capacity, 20U);
}

TEST(SimCommandLine, WhatIsWrongIsNamedInALineWithItsRange) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"run", "--seeds", "0"}, "--seeds: Value 0 not in range 1 to"},
        {{"run", "--seeds", "-1"}, "--seeds: Value -1 not in range 1 to"},
        {{"run", "--from", "-1"}, "--from: Value -1 not in range 0 to"},
        {{"run", "--clients", "4000000000"}, "--clients: Value 4000000000 not in range 0 to 100000"},
        {{"run", "--queue-policy", "x"}, "--queue-policy: x not in {reject,drop-lru}"},
        {{"replay"}, "seed is required"},
    };
    for (const auto& [words, said] : cases) {
        testing::internal::CaptureStderr();

        const auto line = read(words);

        const auto text = testing::internal::GetCapturedStderr();
        ASSERT_FALSE(line) << said;
        EXPECT_EQ(line.error(), 2);
        EXPECT_THAT(text, AllOf(StartsWith("rbees-sim: "), HasSubstr(said)));
        EXPECT_LT(text.size(), 200U);
    }
}

}  // namespace
}  // namespace rbees::sim
