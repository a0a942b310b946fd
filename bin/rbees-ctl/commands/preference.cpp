#include "commands/preference.hpp"

#include "house/kept.hpp"
#include "rbees/contracts/models.hpp"

namespace rbees::ctl {

Checked<std::optional<ModelId>> chosen_model(Session& session) {
    const auto config = session.config();
    if (!config) return std::unexpected(config.error());
    if (const auto& configured = config->text("models.default"); !configured.empty()) return ModelId(configured);
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    const auto kept = read_kept(*home).model;
    return kept ? std::optional(ModelId(*kept)) : std::nullopt;
}

Checked<ModelId> preferred_model(Session& session, Api& api, const std::optional<std::string>& named) {
    if (named) return ModelId(*named);
    if (!session.is_address_named()) {
        const auto chosen = chosen_model(session);
        if (!chosen) return std::unexpected(chosen.error());
        if (*chosen) return **chosen;
    }
    const auto usable = api.get<contracts::OpenAiModelList>("/v1/models");
    if (!usable) return std::unexpected(usable.error());
    if (!usable->data.empty()) return ModelId(usable->data.front().id);
    return std::unexpected(CliError{ExitCode::not_found,
                                    "no model is on disk yet",
                                    "fetch one with: rbees models pull smollm2 (`rbees models list --all` shows all)",
                                    "MODEL_NOT_FOUND",
                                    {}});
}

}  // namespace rbees::ctl
