#include "engine_choice.hpp"

#include <utility>

#include "rbees/engine/simulated.hpp"
#include "rbees/engine_llama/llama.hpp"

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

}  // namespace rbees::workerd
