#pragma once
/// @file
/// Which engine loads a model. Only the program sees llama.cpp: the tests of its parts use the simulated engine.

#include <string_view>

#include "loading.hpp"
#include "rbees/base/log.hpp"

namespace rbees::workerd {

/// The simulated engine for `sim:...`, llama.cpp for a file.
[[nodiscard]] EngineLoader engine_for(std::string_view model_path, Logger log);

}  // namespace rbees::workerd
