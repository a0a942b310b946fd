#pragma once
/// @file
/// The first thing that was found wrong in a run.

#include <optional>
#include <string>
#include <utility>

#include "agenda.hpp"
#include "rbees/simulation/outcome.hpp"

namespace rbees::simulation {

class Verdict {
  public:
    explicit Verdict(const Agenda& agenda) : agenda_(agenda) {}

    /// Only the first counts: what follows may follow from it.
    void wrong(std::string check, std::string detail) {
        if (!violation_) violation_ = {std::move(check), std::move(detail), agenda_.now() - Agenda::start};
    }

    [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }

  private:
    const Agenda& agenda_;
    std::optional<Violation> violation_;
};

}  // namespace rbees::simulation
