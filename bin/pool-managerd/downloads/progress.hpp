#pragma once
/// @file
/// How far a download is; written by whoever works on it, read by whoever reports.

#include <functional>
#include <optional>
#include <string>

#include "rbees/base/units.hpp"

namespace rbees::poold {

/// Where the parts of a download note what they do. On the loop's thread.
class Progress {
  public:
    /// `changed` is called after each note.
    explicit Progress(std::function<void()> changed = {}) : changed_(std::move(changed)) {}

    void begin(std::string phase, std::optional<Bytes> total, Bytes done = Bytes(0)) {
        phase_ = std::move(phase);
        total_ = total;
        done_ = done;
        note();
    }
    void add(Bytes more) {
        done_ += more;
        note();
    }
    void set(Bytes done) {
        done_ = done;
        note();
    }

    [[nodiscard]] const std::string& phase() const { return phase_; }
    [[nodiscard]] std::optional<Bytes> total() const { return total_; }
    [[nodiscard]] Bytes done() const { return done_; }

  private:
    void note() const {
        if (changed_) changed_();
    }

    std::function<void()> changed_;
    std::string phase_ = "waiting";
    std::optional<Bytes> total_;
    Bytes done_;
};

}  // namespace rbees::poold
