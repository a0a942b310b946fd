#pragma once
/// @file
/// Whether a finished file is what was wanted. Blocking; for the background thread.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "models/model_store.hpp"
#include "rbees/base/failure.hpp"
#include "rbees/contracts/models.hpp"
#include "stop_signal.hpp"

namespace rbees::poold {

/// Shared with the loop's thread: how far the reading is, and the wish to give up.
struct Reading {
    std::atomic<std::uint64_t> bytes{0};
    StopSignal stop;
};

/// Reads the whole file: it must be a GGUF file with the hash that is wanted (`spec`'s, else `pinned`). Answers what
/// goes into its manifest; the caller sets `file`. Fails with both hashes.
[[nodiscard]] Result<Manifest> verify_model(const std::filesystem::path& file, const contracts::ModelSpec& spec,
                                            const std::optional<std::string>& pinned, Reading& reading);

}  // namespace rbees::poold
