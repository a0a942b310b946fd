#pragma once
/// @file
/// The daemons' logs for people: JSON lines as plain ones, the last lines of a file, and what is added to it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output/colour.hpp"
#include "rbees/base/failure.hpp"
#include "rbees/base/files.hpp"

namespace rbees::ctl {

/// "11:23:38.120 WARNING fleet: node lost node=tower missed=3" of one JSON line; a line that is not one stays as it is.
[[nodiscard]] std::string render_log_line(std::string_view line, Colour colour);

/// The last `count` lines of a log and, where it has fewer, of those that were set aside before it. Reads the last
/// megabyte of each file at most. Fails if there is no such log.
[[nodiscard]] Result<std::vector<std::string>> last_lines(const std::filesystem::path& log, std::size_t count);

/// Reads what is added to a log, also when it is set aside and begun anew meanwhile (daemon/log_file.hpp). A log that
/// is not there yet is read from its beginning, and one that was emptied too.
class LogFollower {
  public:
    /// Starts at the log's present end.
    explicit LogFollower(std::filesystem::path log);

    /// The whole lines that came since the last call; of much, the first megabyte.
    [[nodiscard]] std::vector<std::string> new_lines();

  private:
    enum class From : bool { beginning, end };

    bool open(const std::filesystem::path& file, From from);
    void rewind_if_emptied();
    /// The file that followed the one that is read; nothing as long as that is the log itself.
    [[nodiscard]] std::optional<std::filesystem::path> next_file() const;

    std::filesystem::path log_;
    UniqueFd file_;  ///< that is read; it may have been set aside by now
    std::uintmax_t offset_ = 0;
    std::string cut_;  ///< a line whose end has not come yet
};

}  // namespace rbees::ctl
