#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "commands/confirm.hpp"
#include "commands/following.hpp"
#include "commands/handlers.hpp"
#include "output/words.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::ctl {
namespace {

using contracts::DownloadState;
using contracts::ModelView;

/// Whether it was here, and its file is not what it was.
bool is_damaged(const ModelView& model) {
    const auto& download = model.download;
    return !model.on_disk && download && download->state == DownloadState::failed && download->phase == "damaged";
}

/// One word for where a model stands.
Cell state_of(const ModelView& model) {
    if (model.download && model.download->state == DownloadState::running) {
        const auto total = model.download->total.value_or(Bytes(0)).value;
        const auto share =
            total == 0 ? 0.0 : static_cast<double>(model.download->done.value) / static_cast<double>(total);
        return {fmt::format("{} {}", model.download->phase, percent(share)), Tone::warning};
    }
    if (!model.workers.empty()) return {"loaded", Tone::good};
    if (model.on_disk) return "on disk";
    if (is_damaged(model)) return {"damaged", Tone::bad};
    if (model.download && model.download->state == DownloadState::failed) return {"download failed", Tone::bad};
    return {"not here", Tone::faint};
}

bool is_here(const ModelView& model) {
    const bool is_coming = model.download && (model.download->state == DownloadState::running ||
                                              model.download->state == DownloadState::failed);
    return model.on_disk || !model.workers.empty() || is_coming;
}

Table to_table(const std::vector<ModelView>& models) {
    Table table{.heading = {"ID", "KIND", "SIZE", "STATE", "LICENCE", "NAME"}, .rows = {}};
    for (const auto& model : models) {
        table.rows.push_back({model.id.str() + (model.is_default ? " *" : ""), reflect::name_of(model.kind),
                              model.size ? describe(*model.size) : "", state_of(model), model.license, model.name});
    }
    return table;
}

Outcome say_model(Session& session, const ModelView& model, std::string_view sentence) {
    session.console().answer(reflect::to_json(model), fmt::format("{}\n", sentence));
    return ExitCode::ok;
}

}  // namespace

Outcome run_models_list(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    auto models = (*api)->get<std::vector<ModelView>>("/v2/models");
    if (!models) return std::unexpected(models.error());
    const auto whole = models->size();
    if (!arguments.has("--all")) std::erase_if(*models, [](const ModelView& model) { return !is_here(model); });
    auto& console = session.console();
    if (session.is_json()) {
        console.print_json(reflect::to_json(*models));
        return ExitCode::ok;
    }
    if (!models->empty()) console.print(to_table(*models));
    if (std::ranges::any_of(*models, &ModelView::is_default)) console.note("* is used when a request names no model");
    for (const auto& model : *models) {
        if (is_damaged(model)) {
            console.note(fmt::format("{} is damaged: {}", model.id.str(), model.download->reason.value_or("unknown")));
        }
    }
    if (const auto hidden = whole - models->size(); hidden > 0) {
        console.note(fmt::format("{} more can be fetched: rbees models list --all", hidden));
    }
    return ExitCode::ok;
}

Outcome run_models_pull(Session& session, const Arguments& arguments) {
    const ModelId id(arguments.required("MODEL"));
    if (pool::is_simulated(id)) return failed(fmt::format("{} is simulated: it has no file to fetch", id.str()));
    const auto scrutiny = arguments.has("--verify") ? Scrutiny::every_byte : Scrutiny::where_changed;
    const auto model = download_model(session, id, scrutiny);
    if (!model) return std::unexpected(model.error());
    const auto size = model->size ? fmt::format(" ({})", describe(*model->size)) : "";
    const auto checked = scrutiny == Scrutiny::every_byte ? ", every byte as it was verified" : "";
    return say_model(session, *model, fmt::format("{} is on disk{}{}", model->id.str(), size, checked));
}

Outcome run_models_load(Session& session, const Arguments& arguments) {
    const auto named = arguments.required("MODEL");
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto taken = (*api)->post<ModelView>(path_of("/v2/models", named, "load"), contracts::ModelAction{});
    if (!taken) return std::unexpected(taken.error());
    const auto model = await_loaded(session, taken->id);
    if (!model) return std::unexpected(model.error());
    return say_model(session, *model, fmt::format("{} is loaded", model->id.str()));
}

Outcome run_models_unload(Session& session, const Arguments& arguments) {
    const auto named = arguments.required("MODEL");
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto model = (*api)->post<ModelView>(path_of("/v2/models", named, "unload"), contracts::ModelAction{});
    if (!model) return std::unexpected(model.error());
    return say_model(session, *model,
                     fmt::format("{} is being unloaded; work in flight is finished first", model->id.str()));
}

Outcome run_models_rm(Session& session, const Arguments& arguments) {
    const auto named = arguments.required("MODEL");
    const auto question = fmt::format("Delete the file of {}, and stop its download and its workers?", named);
    if (auto agreed = confirm(session, arguments, question, "nothing was deleted"); !agreed) {
        return std::unexpected(agreed.error());
    }
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto deleted = (*api)->call("DELETE", path_of("/v2/models", named));
    if (!deleted) return std::unexpected(deleted.error());
    session.console().note(fmt::format("{} is deleted", named));
    return ExitCode::ok;
}

}  // namespace rbees::ctl
