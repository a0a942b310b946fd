#pragma once
/// @file
/// Progress of something long: a line that redraws itself on a terminal, a plain line now and then elsewhere.
///
/// Rendering is pure and time comes in, so both are tested without waiting.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "output/colour.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"

namespace rbees::ctl {

/// Bytes a second over the last few seconds: a download that stalls must not go on showing its old rate.
class RateMeter {
  public:
    void add(Bytes done, Instant now);

    /// Nothing until two samples are apart.
    [[nodiscard]] std::optional<Bytes> per_second() const;

  private:
    std::deque<std::pair<Instant, Bytes>> samples_;  ///< oldest first, `window` long
};

/// A transfer at one moment.
struct Transfer {
    std::string name;   ///< "smollm2"
    std::string phase;  ///< "downloading"
    Bytes done;
    std::optional<Bytes> total;
    std::optional<Bytes> per_second;
};

/// "smollm2  downloading [######......]  50 %  47 MB of 94 MB, 12 MB/s, 4 s left"; without a bar where the total is not
/// known.
[[nodiscard]] std::string render(const Transfer& transfer);

/// "[######......]" for a share from 0 to 1.
[[nodiscard]] std::string render_bar(double share, std::size_t cells);

/// Shows one changing line, which is gone when the object is. On a terminal it is redrawn at each `show`; elsewhere a
/// line is written every five seconds. `--quiet` is a ProgressLine whose `write` does nothing.
class ProgressLine {
  public:
    using Write = std::function<void(std::string_view text)>;

    ProgressLine(Terminal terminal, Write write) : terminal_(terminal), write_(std::move(write)) {}
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    void show(std::string_view line, Instant now);

    /// Removes the line from a terminal, so that what follows starts in the first column.
    void clear();

  private:
    Terminal terminal_;
    Write write_;
    std::optional<Instant> written_at_;
    std::size_t ticks_ = 0;
};

}  // namespace rbees::ctl
