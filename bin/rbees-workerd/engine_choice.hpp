#pragma once
/// @file
/// Which engine loads a model. Only the program sees llama.cpp: the tests of its parts use the simulated engine.

#include <string_view>

#include "loading.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::workerd {

/// The simulated engine for `sim:...`, llama.cpp for a file.
[[nodiscard]] EngineLoader engine_for(std::string_view model_path, Logger log);

/// What llama.cpp was built for, and what of that it can use here. May take a second: it starts the GPU's driver.
[[nodiscard]] contracts::EngineDevices engine_devices();

}  // namespace rbees::workerd
