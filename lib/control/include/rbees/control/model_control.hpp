#pragma once
/// @file
/// What people do with models: fetch, load, unload, delete, add. On the control thread.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rbees/contracts/models.hpp"
#include "rbees/control/fleet_control.hpp"

namespace rbees::control {

using ModelReply = std::function<void(Checked<contracts::ModelView>)>;

class ModelControl {
  public:
    /// A deletion waits `removal_wait` for the model's workers to end; more than a worker may take to stop.
    ModelControl(FleetControl& fleet, Duration removal_wait)
        : world_(fleet.world()), fleet_(fleet), removal_wait_(removal_wait), timer_(world_.timer()) {}

    /// Makes a model known under an id of the user's own. Replies once that is on disk. INVALID_PARAMS for the id or a
    /// source, CONFLICT if the id is taken, STORAGE_FULL, STORAGE_FAILED.
    void add(const contracts::AddModel& model, ModelReply reply);

    /// Orders its file at a node. Answers when the order was taken; progress is in the model's view. A file that is
    /// there is checked, and fetched again if it was changed. MODEL_NOT_FOUND, NOT_FOUND for the node,
    /// POOL_UNAVAILABLE, and whatever the pool manager refuses.
    void download(const std::string& reference, const contracts::FetchModel& action, ModelReply reply);

    /// Orders a worker, unless one is there or on its way. Replies once the order is on disk, not once the model is
    /// loaded. Refused as FleetControl::order_worker.
    void load(const std::string& reference, const contracts::ModelAction& action, ModelReply reply);

    /// Retires its workers, of one node or of all. Replies once that is on disk, not once they have ended.
    /// MODEL_NOT_FOUND.
    void unload(const std::string& reference, const contracts::ModelAction& action, ModelReply reply);

    /// Ends its downloads, retires its workers, waits for their end, deletes its files, and forgets it if a user added
    /// it. Every connected node is asked: one may have begun a download that it has not told of.
    /// Replies at the end of it all. MODEL_NOT_FOUND if there was nothing of it; CONFLICT if its workers have not ended
    /// in time; what a pool manager refuses; STORAGE_FULL, STORAGE_FAILED.
    void remove(const std::string& reference, DoneReply reply);

    /// Something changed: goes on with deletions that wait for workers to end.
    void look();

    void stop() { timer_->cancel(); }

  private:
    struct Removal {
        ModelId model;
        Instant deadline{};
        DoneReply reply;
    };

    /// A node that is asked to delete a model's file.
    struct Holder {
        PoolAddress pool;
        bool is_known = false;  ///< it has told of the file, or of a download
    };

    /// What is left to do of a removal.
    struct Removing {
        ModelId model;
        std::vector<Holder> holders;
        bool was_there = false;
        DoneReply reply;
    };

    void remove_files(Removing removing);
    void answer_view(const ModelId& model, const ModelReply& reply);
    [[nodiscard]] std::vector<WorkerId> workers_of(const ModelId& model, const std::optional<NodeId>& node) const;
    [[nodiscard]] std::vector<Holder> holders_of(const ModelId& model) const;

    World& world_;
    FleetControl& fleet_;
    Duration removal_wait_;
    std::vector<Removal> removals_;
    std::unique_ptr<Timer> timer_;
};

}  // namespace rbees::control
