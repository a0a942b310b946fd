#pragma once
/// @file
/// What happened in a run, line by line, and a number that stands for all of it: two runs are the same if their numbers
/// are.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/time.hpp"

namespace rbees::simulation {

struct TraceLine {
    Duration at{};          ///< since the start of the run
    std::string lane;       ///< the process that it happened to
    std::string_view what;  ///< a literal
    std::string about;      ///< a job, a worker, a reason
    std::uint64_t number = 0;
};

/// "   12.345 s  orcd      stores                  id-00000012 3".
[[nodiscard]] std::string to_text(const TraceLine& line);

/// Whether lines are kept, or only counted into the number.
enum class Keeping : std::uint8_t { lines, number };

class Trace {
  public:
    explicit Trace(Keeping keeping) : keeping_(keeping) {}

    /// `what` must be a literal.
    void note(Duration at, std::string_view lane, std::string_view what, std::string_view about = {},
              std::uint64_t number = 0);

    [[nodiscard]] std::uint64_t hash() const { return hash_; }
    [[nodiscard]] const std::vector<TraceLine>& lines() const { return lines_; }

  private:
    Keeping keeping_;
    std::uint64_t hash_ = 0;
    std::vector<TraceLine> lines_;
};

}  // namespace rbees::simulation
