#include "rbees/control/catalogue_view.hpp"

#include <algorithm>

#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::control {
namespace {

contracts::ModelSpec spec_of(const orchestrator::AddedModel& added) {
    contracts::ModelSpec spec;
    spec.id = added.id;
    spec.name = added.model.name.value_or(added.id.str());
    spec.kind = added.model.kind.value_or(contracts::ModelKind::chat);
    spec.license = "unknown";
    spec.sha256 = added.model.sha256;
    spec.sources = added.model.sources;
    return spec;
}

contracts::ModelSpec simulated(std::string_view reference) {
    contracts::ModelSpec spec;
    spec.id = ModelId(std::string(reference));
    spec.name = "simulated engine";
    spec.kind = reference.contains("embed") ? contracts::ModelKind::embedding : contracts::ModelKind::chat;
    spec.license = "none";
    spec.size = Bytes(0);
    return spec;
}

}  // namespace

std::expected<contracts::ModelSpec, contracts::Problem> resolve_model(const orchestrator::Fleet& fleet,
                                                                      std::string_view reference) {
    const ModelId id{std::string(reference)};
    if (pool::is_simulated(id)) return simulated(reference);
    const auto added = fleet.models().find(id);
    if (added != fleet.models().end()) return spec_of(added->second);
    auto spec = pool::resolve_reference(reference);
    if (spec) return std::move(*spec);
    auto refusal = orchestrator::no_model(std::string(reference));
    refusal.detail = spec.error();
    return std::unexpected(std::move(refusal));
}

std::vector<contracts::ModelSpec> known_models(const orchestrator::Fleet& fleet) {
    std::vector<contracts::ModelSpec> models(pool::catalogue().begin(), pool::catalogue().end());
    for (const auto& [id, added] : fleet.models()) {
        std::erase_if(models, [&](const auto& spec) { return spec.id == id; });
        models.push_back(spec_of(added));
    }
    std::ranges::sort(models, {}, &contracts::ModelSpec::id);
    return models;
}

}  // namespace rbees::control
