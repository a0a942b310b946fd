#include "engine_choice.hpp"

#include <string>
#include <utility>
#include <vector>

#include "rbees/engine/simulated.hpp"
#include "rbees/engine_llama/llama.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::workerd {

EngineLoader engine_for(std::string_view model_path, Logger log) {
    if (model_path.starts_with("sim:")) {
        return [](const engine::LoadPlan& plan, const std::function<void(double)>& progress) {
            return engine::load_simulated(plan, progress);
        };
    }
    return [log = std::move(log)](const engine::LoadPlan& plan, const std::function<void(double)>& progress) {
        return engine::load_llama(plan, progress, log);
    };
}

contracts::EngineDevices engine_devices() {
    const auto known = [](const std::vector<std::string>& names) {
        std::vector<contracts::DeviceKind> kinds;
        for (const auto& name : names) {
            if (const auto kind = reflect::value_of<contracts::DeviceKind>(name)) kinds.push_back(*kind);
        }
        return kinds;
    };
    const auto devices = engine::llama_devices();
    return {.built_for = known(devices.built_for), .usable = known(devices.usable)};
}

}  // namespace rbees::workerd
