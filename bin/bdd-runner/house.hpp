#pragma once
/// @file
/// What `rbees status --json` says about the running house.

#include <expected>
#include <string>
#include <vector>

#include <sys/types.h>

#include "world.hpp"

namespace rbees::bdd {

struct House {
    struct Process {
        std::string name;
        pid_t pid = 0;
    };
    std::string url;
    std::string token_file;
    std::vector<Process> processes;
};

/// Asks; fails when the command fails or its answer has another shape.
[[nodiscard]] std::expected<House, std::string> ask_house(const World& world);

}  // namespace rbees::bdd
