#include "rbees/control/model_choice.hpp"

#include <fmt/format.h>

#include <utility>

#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

std::unexpected<Problem> not_here(const orchestrator::FleetView& view, const std::string& named, const ModelId& id) {
    const bool is_reference = !named.empty() && id.str() != named;  // says by itself where the model can be had
    const bool is_known = view.catalogue.contains(id) || is_reference;
    return std::unexpected(is_known ? orchestrator::model_not_on_disk(named) : orchestrator::no_model(named));
}

/// The id that an alias (`hf:`, `file:`) stands for; the text itself if it is none.
ModelId id_of(const std::string& named) {
    if (!named.starts_with("hf:") && !named.starts_with("file:")) return ModelId(named);
    const auto spec = pool::resolve_reference(named);
    return spec ? spec->id : ModelId(named);
}

}  // namespace

std::expected<ModelId, Problem> choose_model(const orchestrator::FleetView& view, const std::string& named,
                                             contracts::ModelKind needed) {
    auto id = named.empty() ? view.default_model : id_of(named);
    if (id.empty()) {
        return std::unexpected(Problem{.code = ErrorCode::MODEL_NOT_FOUND,
                                       .detail = "the request names no model, and none is on disk",
                                       .hint = "rbees models pull smollm2"});
    }
    const auto* model = view.find_model(id.str());
    if (model == nullptr) {
        if (pool::is_simulated(id)) return id;
        return not_here(view, named, id);
    }
    if (model->kind != needed) {
        return std::unexpected(Problem{.code = ErrorCode::MODEL_INCOMPATIBLE,
                                       .detail = fmt::format("model {} is a model for {}, not for {}", id.str(),
                                                             reflect::name_of(model->kind), reflect::name_of(needed)),
                                       .hint = "GET /v1/models lists the others"});
    }
    return id;
}

}  // namespace rbees::control
