#pragma once
/// @file
/// What all answers of one simulated engine share: the model, its clock, its slots and its counters.

#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "rbees/engine/engine.hpp"
#include "rbees/engine/pace.hpp"
#include "rbees/engine/simulated.hpp"
#include "sim_slots.hpp"

namespace rbees::engine {

/// Thread-safe. Lives as long as the engine or the last answer.
class SimulatedCore {
  public:
    SimulatedCore(SimulatedModel model, std::string name, std::string hash, std::shared_ptr<Pace> pace)
        : model(std::move(model)),
          name(std::move(name)),
          hash(std::move(hash)),
          pace(std::move(pace)),
          slots(this->model.slots) {}

    const SimulatedModel model;
    const std::string name;  ///< that answers carry
    const std::string hash;
    const std::shared_ptr<Pace> pace;
    SimulatedSlots slots;

    void count_prompt(Tokens prompt, Tokens cached, double seconds) {
        const std::scoped_lock lock(mutex_);
        ++counters_.requests;
        counters_.tokens_in += prompt;
        counters_.tokens_cached += cached;
        counters_.prefill_seconds += seconds;
    }

    /// Counts one token, and ends the process if the model is told to die now.
    void count_token(double seconds) {
        const std::scoped_lock lock(mutex_);
        counters_.tokens_out += Tokens(1);
        counters_.decode_seconds += seconds;
        if (model.die_after != 0 && counters_.tokens_out.value >= model.die_after) (void)std::raise(SIGKILL);
    }

    [[nodiscard]] Counters counters() const {
        const std::scoped_lock lock(mutex_);
        auto counters = counters_;
        const auto load = slots.load();
        counters.slots_busy = load.busy;
        counters.queued = load.waiting;
        return counters;
    }

  private:
    mutable std::mutex mutex_;
    Counters counters_;
};

}  // namespace rbees::engine
