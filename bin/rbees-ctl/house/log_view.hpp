#pragma once
/// @file
/// The daemons' logs for people: JSON lines as plain ones, the last lines of a file, and what is added to it.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "output/colour.hpp"
#include "rbees/base/failure.hpp"

namespace rbees::ctl {

/// "11:23:38.120 WARNING fleet: node lost node=tower missed=3" of one JSON line; a line that is not one stays as it is.
[[nodiscard]] std::string render_log_line(std::string_view line, Colour colour);

/// The last `count` lines of a file; fewer if it has fewer. Reads its last megabyte at most.
[[nodiscard]] Result<std::vector<std::string>> last_lines(const std::filesystem::path& file, std::size_t count);

/// Reads what is added to a file. A file that was replaced or emptied is read from its beginning again.
class LogFollower {
  public:
    /// Starts at the file's present end.
    explicit LogFollower(std::filesystem::path file);

    /// The whole lines that came since the last call.
    [[nodiscard]] std::vector<std::string> new_lines();

  private:
    std::filesystem::path file_;
    std::uintmax_t offset_ = 0;
    std::string cut_;  ///< a line whose end has not come yet
};

}  // namespace rbees::ctl
