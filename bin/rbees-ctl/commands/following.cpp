#include "commands/following.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "output/words.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using contracts::DownloadReport;
using contracts::DownloadState;
using contracts::ModelView;
using contracts::WorkerState;
using contracts::WorkerView;

constexpr Duration look_interval = 200ms;
constexpr Duration silence_max = 15s;  ///< without any word of the download or load
constexpr Duration stale_time = 2s;    ///< a failure seen so early may be that of the time before

CliError download_failed(const ModelId& model, std::string_view reason) {
    return {ExitCode::remote_failed,
            fmt::format("the download of {} failed: {}", model.str(), reason),
            fmt::format("try again with: rbees models pull {}", model.str()),
            "DOWNLOAD_FAILED",
            {}};
}

std::string why_ended(const DownloadReport& report) {
    if (report.state == DownloadState::cancelled) return "it was stopped (rbees models rm)";
    return report.reason.value_or("no reason was given");
}

/// A file that is here may be read again, and fetched again.
bool is_under_way(const ModelView& model) {
    const bool is_running = model.download && model.download->state == DownloadState::running;
    return !model.on_disk || is_running;
}

/// Follows one download from look to look.
class DownloadFollower {
  public:
    DownloadFollower(Session& session, ModelId model)
        : model_(std::move(model)), progress_(session.console().progress()) {}

    /// Takes what was seen. Fails when the download did.
    Checked<void> take(const std::optional<DownloadReport>& report, Instant now) {
        if (!started_at_) started_at_ = now;
        if (!report) return take_silence(now);
        const bool has_no_file = report->state == DownloadState::failed || report->state == DownloadState::cancelled;
        const bool may_be_old = !was_running_ && now < *started_at_ + stale_time;
        if (has_no_file && may_be_old) return {};
        if (has_no_file) return std::unexpected(download_failed(model_, why_ended(*report)));
        was_running_ = true;
        heard_at_ = now;
        show(*report, now);
        return {};
    }

  private:
    Checked<void> take_silence(Instant now) {
        if (now < heard_at_.value_or(*started_at_) + silence_max) return {};
        return std::unexpected(download_failed(model_, "nothing is heard of it; `rbees nodes list` shows the nodes"));
    }

    void show(const DownloadReport& report, Instant now) {
        if (report.phase != phase_) rate_ = {};
        phase_ = report.phase;
        rate_.add(report.done, now);
        progress_.show(render(Transfer{model_.str(), phase_, report.done, report.total, rate_.per_second()}), now);
    }

    ModelId model_;
    ProgressLine progress_;
    RateMeter rate_;
    std::string phase_;
    std::optional<Instant> started_at_;
    std::optional<Instant> heard_at_;
    bool was_running_ = false;
};

std::vector<WorkerView> workers_of(const std::vector<WorkerView>& workers, const ModelId& model) {
    std::vector<WorkerView> own;
    std::ranges::copy_if(workers, std::back_inserter(own), [&](const auto& worker) { return worker.model == model; });
    return own;
}

bool is_loaded(const std::vector<WorkerView>& workers) {
    return std::ranges::any_of(workers, [](const auto& worker) { return worker.state == WorkerState::ready; });
}

/// The failure of the newest worker when none is on its way any more.
std::optional<CliError> load_failure(const std::vector<WorkerView>& workers, const ModelId& model) {
    const auto is_failed = [](const auto& worker) { return worker.state == WorkerState::failed; };
    if (workers.empty() || !std::ranges::all_of(workers, is_failed)) return std::nullopt;
    const auto newest = std::ranges::max_element(workers, {}, [](const auto& worker) { return worker.id; });
    return CliError{
        ExitCode::remote_failed,
        fmt::format("{} could not be loaded: {}", model.str(), newest->reason.value_or("its worker failed")),
        "see what the worker said: rbees workers get " + newest->id.str(),
        "MODEL_LOAD_FAILED",
        {}};
}

/// What rbees-orcd says of a loading that no worker is left of; one from before this one does not count.
std::optional<CliError> told_failure(const ModelView& view, Duration since_start) {
    const auto& failure = view.load_failure;
    if (!failure || std::chrono::milliseconds(failure->age_ms) > since_start) return std::nullopt;
    return CliError{ExitCode::remote_failed, failure->detail, failure->hint.value_or(""), "MODEL_LOAD_FAILED", {}};
}

CliError not_started(const ModelId& model) {
    return {ExitCode::remote_failed,
            fmt::format("no worker was started for {}", model.str()),
            "see the nodes: rbees nodes list",
            "WORKER_START_FAILED",
            {}};
}

/// Looks until the file is here, and nothing more is done about it.
Checked<ModelView> follow_download(Session& session, Api& api, ModelView view) {
    DownloadFollower follower(session, view.id);
    while (is_under_way(view)) {
        if (auto taken = follower.take(view.download, BootClock::now()); !taken) return std::unexpected(taken.error());
        if (auto waited = session.loop().wait(look_interval); !waited) return std::unexpected(waited.error());
        auto next = api.get<ModelView>(path_of("/v2/models", view.id.str()));
        if (!next) return next;
        view = std::move(*next);
    }
    return view;
}

/// How far the loading of a model is, by its workers.
struct Loading {
    bool is_done = false;
    double share = 0;
    std::optional<CliError> failure;
    Duration believed_after{};  ///< a failure that is seen earlier may be that of the time before
};

Checked<Loading> look_at_loading(Api& api, const ModelId& model, Duration since_start) {
    const auto all = api.get<std::vector<WorkerView>>("/v2/workers");
    if (!all) return std::unexpected(all.error());
    const auto workers = workers_of(*all, model);
    if (workers.empty()) {
        const auto view = api.get<ModelView>(path_of("/v2/models", model.str()));
        if (!view) return std::unexpected(view.error());
        if (auto told = told_failure(*view, since_start)) return Loading{.failure = std::move(told)};
        return Loading{.failure = not_started(model), .believed_after = silence_max};
    }
    return Loading{.is_done = is_loaded(workers),
                   .share = std::ranges::max(workers, {}, &WorkerView::load_progress).load_progress,
                   .failure = load_failure(workers, model),
                   .believed_after = stale_time};
}

/// Looks until a worker is ready.
Checked<void> follow_loading(Session& session, Api& api, const ModelId& model) {
    auto progress = session.console().progress();
    const auto started_at = BootClock::now();
    while (true) {
        const auto now = BootClock::now();
        const auto loading = look_at_loading(api, model, now - started_at);
        if (!loading) return std::unexpected(loading.error());
        if (loading->is_done) return {};
        if (loading->failure && started_at + loading->believed_after <= now) return std::unexpected(*loading->failure);
        progress.show(fmt::format("loading {} ... {}", model.str(), percent(loading->share)), now);
        if (auto waited = session.loop().wait(look_interval); !waited) return waited;
    }
}

/// The error as it is; where the person or the time stopped the looking, also a word that the work itself goes on.
std::unexpected<CliError> stopped_looking(Session& session, CliError error, std::string_view what,
                                          std::string_view what_to_do) {
    if (error.exit == ExitCode::interrupted || error.code == "TIMED_OUT") {
        session.console().note(fmt::format("{} goes on; {}", what, what_to_do));
    }
    return std::unexpected(std::move(error));
}

}  // namespace

Checked<ModelView> download_model(Session& session, const ModelId& model, Scrutiny scrutiny) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    contracts::FetchModel order;
    if (scrutiny == Scrutiny::every_byte) order.verify = true;
    auto ordered = (*api)->post<ModelView>(path_of("/v2/models", model.str(), "download"), order);
    if (!ordered) return ordered;
    const auto id = ordered->id;
    auto here = follow_download(session, **api, std::move(*ordered));
    if (!here) {
        return stopped_looking(
            session, here.error(), fmt::format("the download of {}", id.str()),
            fmt::format("look at it with: rbees models list; stop it with: rbees models rm {}", id.str()));
    }
    return here;
}

Checked<ModelView> await_loaded(Session& session, const ModelId& model) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto loaded = follow_loading(session, **api, model);
    const auto what = fmt::format("the loading of {}", model.str());
    if (!loaded) return stopped_looking(session, loaded.error(), what, "look at it with: rbees workers list");
    return (*api)->get<ModelView>(path_of("/v2/models", model.str()));
}

}  // namespace rbees::ctl
