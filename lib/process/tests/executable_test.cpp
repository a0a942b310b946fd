#include "rbees/process/executable.hpp"

#include <gtest/gtest.h>

namespace rbees::process {
namespace {

TEST(ExecutableFolder, HoldsTheRunningProgram) {
    const auto folder = executable_folder();

    ASSERT_TRUE(folder);
    EXPECT_TRUE(std::filesystem::exists(*folder / "rbees_process_test"));
}

}  // namespace
}  // namespace rbees::process
