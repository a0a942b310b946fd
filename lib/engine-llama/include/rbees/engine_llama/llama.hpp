#pragma once
/// @file
/// llama.cpp behind the Engine port: its `server-context` library (slots, batching, chat templates, tools, grammars)
/// without its HTTP front. The only module that sees llama.cpp's headers.
///
/// One engine a process: llama.cpp keeps process-wide state.

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rbees/base/log.hpp"
#include "rbees/engine/engine.hpp"

namespace rbees::engine {

/// Loads the model and starts its loop thread. Blocking, seconds to minutes. `progress` gets 0 to 1 and may be called
/// on this thread only. The engine's own log lines go to `log` at debug.
[[nodiscard]] std::expected<std::unique_ptr<Engine>, LoadError> load_llama(const LoadPlan& plan,
                                                                           const std::function<void(double)>& progress,
                                                                           const Logger& log);

/// Kinds of devices: "cpu", "cuda".
struct LlamaDevices {
    std::vector<std::string> built_for;  ///< what this llama.cpp has code for
    std::vector<std::string> usable;     ///< what of that is here and answers
};

/// Asks llama.cpp, which starts the drivers of GPUs: may take a second.
[[nodiscard]] LlamaDevices llama_devices();

}  // namespace rbees::engine
