#pragma once
/// @file
/// Starting programs. A child gets what its plan names and nothing else: no descriptor, signal mask or ignored signal
/// of ours leaks into it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rbees/process/process.hpp"

namespace rbees::process {

/// One open descriptor of ours, and the number under which the child finds it. Stays open on our side.
struct PassedFile {
    int fd = -1;
    int target = -1;
};

/// A child's descriptor numbers are below this.
inline constexpr int passed_target_max = 63;

enum class InheritedEnvironment : std::uint8_t { all, none };

/// Whether signals from our terminal (Ctrl-C) reach the child: only in our own session.
enum class Session : std::uint8_t { ours, own };

/// What to start and how. A value; nothing happens until `spawn`.
struct SpawnPlan {
    std::filesystem::path program;       ///< a path, or a name that is searched in our PATH
    std::vector<std::string> arguments;  ///< without the program's own name

    InheritedEnvironment inherited = InheritedEnvironment::all;
    std::map<std::string, std::optional<std::string>> environment;  ///< set on top of that, or removed from it

    /// Where stdout and stderr are appended; made 0600. Without it they are ours. Stdin is always empty.
    std::optional<std::filesystem::path> log_file;
    std::vector<PassedFile> files;  ///< targets 0, 1 and 2 replace the three above
    std::optional<std::filesystem::path> working_folder;
    Session session = Session::own;
};

/// Starts the program. Fails with its name when it cannot be started: absent, not executable, no memory, no folder.
/// Blocks until the child's exec has happened, some milliseconds.
[[nodiscard]] Result<Process> spawn(const SpawnPlan& plan);

}  // namespace rbees::process
