#pragma once
/// @file
/// Logs that stay bounded. A file that has grown to its limit is set aside as "orcd.log.1" and a new one is begun;
/// those set aside before are counted up, and the oldest is deleted.
///
/// A process's log is whatever file its stderr is appended to; who starts the process opens it. The process itself sets
/// it aside: only it can move its stderr to the new file without losing a line, and what libraries and the runtime
/// write there by themselves moves along.

#include <cstdint>
#include <filesystem>

#include "rbees/base/config.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/units.hpp"

namespace rbees::daemon {

/// How much a log may take: `size` and one line for each of `keep` + 1 files.
struct LogLimits {
    Bytes size = mebibytes(10);  ///< at which a file is set aside
    std::uint32_t keep = 3;      ///< files set aside that stay
};

/// The options `log.level`, and `log.size` with `log.keep`.
[[nodiscard]] LogLevel log_level(const Config& config);
[[nodiscard]] LogLimits log_limits(const Config& config);

/// A logger to stderr that keeps the file behind it within the limits; stdout moves along where it is the same file.
/// The size is looked at before each line, so what others write to stderr counts from the next line on. A terminal, a
/// pipe, and a file that is not opened for appending are left alone, and so is a file that cannot be set aside (a full
/// disk): then it goes on. One a process, made before threads are; the logger itself may be used by all.
[[nodiscard]] Logger log_to_stderr(LogLevel level, LogLimits limits);

/// Sets a log aside that has reached its limit, for files to which children append: called before one starts. A child
/// that runs goes on writing to the file that it opened.
void set_aside_if_full(const std::filesystem::path& log, LogLimits limits);

/// "orcd.log.2": where the log lies that was set aside `age` times ago; 1 is the newest.
[[nodiscard]] std::filesystem::path older_log(const std::filesystem::path& log, std::uint32_t age);

}  // namespace rbees::daemon
