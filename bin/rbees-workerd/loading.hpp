#pragma once
/// @file
/// Loads the model on a thread of its own, so that the worker answers meanwhile.

#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <thread>

#include "rbees/engine/engine.hpp"
#include "rbees/net/task.hpp"

namespace rbees::workerd {

using Loaded = std::expected<std::unique_ptr<engine::Engine>, engine::LoadError>;

/// Loads an engine, blocking; tells its progress, 0 to 1.
using EngineLoader = std::function<Loaded(const engine::LoadPlan& plan, const std::function<void(double)>& progress)>;

/// One load. Its end is awaited by the destructor: an engine cannot be stopped while it loads.
class Loading {
  public:
    /// Both are called on the loop's thread. `progress` may skip values; after `done` it is not called again.
    struct Callbacks {
        std::function<void(double)> progress;
        std::function<void(Loaded)> done;
    };

    Loading(net::IoContext& io, EngineLoader loader, engine::LoadPlan plan, Callbacks callbacks);
    ~Loading();
    Loading(const Loading&) = delete;
    Loading& operator=(const Loading&) = delete;

  private:
    struct State;
    static void load(const std::shared_ptr<State>& state) noexcept;

    std::thread thread_;
};

}  // namespace rbees::workerd
