#pragma once
/// @file
/// One file from one address into `<target>.partial`: in parallel parts where the source can, resumed where it stopped.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "background.hpp"
#include "downloads/partial_file.hpp"
#include "downloads/progress.hpp"
#include "rbees/base/failure.hpp"
#include "rbees/base/time.hpp"
#include "stop_signal.hpp"

namespace rbees::poold {

struct FetchOrder {
    std::string url;
    std::optional<std::string> token;
    std::filesystem::path target;
    std::filesystem::path log_file;
    Duration answer_timeout = std::chrono::seconds(5);
    std::size_t connections = 4;
    Bytes part_min = mebibytes(4);
    Duration retry_pause = std::chrono::milliseconds(200);  ///< after the first failure of a part; doubles
    WriteAt write_at = ::pwrite;
    std::shared_ptr<StopSignal> stop = std::make_shared<StopSignal>();
};

/// Fetches the whole file; it then lies in `<target>.partial`, unverified and without its name, in the returned object.
/// Fails with a reason for people; what has come is kept for the next attempt. `background` and `progress` must outlive
/// the task.
[[nodiscard]] net::Task<Result<std::unique_ptr<PartialFile>>> fetch_file(net::IoContext& io, Background& background,
                                                                         Progress& progress, FetchOrder order);

}  // namespace rbees::poold
