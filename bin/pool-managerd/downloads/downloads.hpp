#pragma once
/// @file
/// The downloads of this node: started, listed, gone on with after a restart.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "background.hpp"
#include "downloads/acquire.hpp"
#include "models/model_store.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::poold {

struct DownloadParts {
    net::IoContext& io;
    Background& background;
    ModelStore& store;
    AcquireSettings settings;
    std::filesystem::path orders;                       ///< folder of what is under way, for the next start
    std::function<void()> changed;                      ///< called after each change worth telling
    std::function<void(std::string_view)> count_ended;  ///< "done", "failed" or "cancelled"; for metrics
    Logger log;
};

/// What a cancellation met.
enum class Cancelled : std::uint8_t {
    nothing,  ///< neither a download nor anything that one had left
    stopped,  ///< a download that ran; its unfinished file goes as soon as nobody writes to it any more
    cleared,  ///< one that had failed, or an unfinished file: both are gone
};

/// Used on the loop's thread. The parts must outlive the loop's last turn.
class Downloads {
  public:
    explicit Downloads(DownloadParts parts);
    ~Downloads();
    Downloads(const Downloads&) = delete;
    Downloads& operator=(const Downloads&) = delete;

    /// Fetches a model from the first of its sources that gives the right bytes. Repeats safely: what is on disk is
    /// done, what runs goes on, what failed is tried again. A file on disk that was changed since it was verified, or
    /// all if `recheck` says so, is read first, and fetched again if it is not what it was. Refuses a slug or sources
    /// that are none, an id under which another model is here, and more than `limits::downloads` at a time.
    [[nodiscard]] std::expected<contracts::DownloadReport, contracts::Problem> start(
        contracts::ModelSpec spec, Recheck recheck = Recheck::where_changed);

    /// Ends a model's download at once, and takes away what it left: its order now, its unfinished file as soon as
    /// nobody writes to it any more. A download that failed leaves something, too.
    [[nodiscard]] Cancelled cancel(const ModelId& id);

    /// Goes on with what an earlier run left.
    void resume();

    /// Those that run or ended, and with the phase "damaged" what the store has lost since it was fetched.
    [[nodiscard]] std::vector<contracts::DownloadReport> reports() const;
    [[nodiscard]] bool is_running(const ModelId& id) const;

    /// Gives up at once; what has come is gone on with at the next start.
    void stop();

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace rbees::poold
