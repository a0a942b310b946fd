#pragma once
/// @file
/// The verified bytes of a model from one of its sources, through the cache of all homes.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "background.hpp"
#include "downloads/partial_file.hpp"
#include "downloads/progress.hpp"
#include "downloads/scripts.hpp"
#include "downloads/verification.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/daemon/log_file.hpp"

namespace rbees::poold {

struct AcquireSettings {
    ScriptPlaces places;
    daemon::LogLimits log_limits;  ///< of the log to which children append
    std::size_t connections = 4;
    Duration answer_timeout = std::chrono::seconds(5);
    std::string huggingface_endpoint;
    std::optional<std::string> huggingface_token;
    Bytes part_min = mebibytes(4);
    Duration retry_pause = std::chrono::milliseconds(200);
    WriteAt write_at = ::pwrite;
};

struct Acquired {
    std::filesystem::path file;
    Manifest manifest;
};

/// Which bytes that were verified once are read again.
enum class Recheck : std::uint8_t { where_changed, always };

/// What one attempt needs; the references outlive it.
struct Attempt {
    net::IoContext& io;
    Background& background;
    Progress& progress;
    std::shared_ptr<Reading> reading;  ///< of the verification; its `stop` ends all the rest, too
    AcquireSettings settings;
    contracts::ModelSpec spec;
    Recheck recheck = Recheck::where_changed;

    [[nodiscard]] std::shared_ptr<StopSignal> stop() const { return {reading, &reading->stop}; }
};

/// Reads a whole file on the background thread, and shows how far it is. As `verify_model`.
[[nodiscard]] net::Task<Result<Manifest>> verify(std::shared_ptr<Attempt> attempt, std::filesystem::path file,
                                                 std::optional<std::string> pinned);

/// Takes the file from the cache if it was verified there and has not changed since, else from the source. Fails with
/// a reason for people; a file that is not what was wanted is deleted, an unfinished one is kept to go on with.
[[nodiscard]] net::Task<Result<Acquired>> acquire(std::shared_ptr<Attempt> attempt, contracts::ModelSource source);

}  // namespace rbees::poold
