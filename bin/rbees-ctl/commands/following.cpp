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

/// Follows one download from look to look.
class DownloadFollower {
  public:
    DownloadFollower(Session& session, ModelId model)
        : model_(std::move(model)), progress_(session.console().progress()) {}

    ~DownloadFollower() { progress_.clear(); }
    DownloadFollower(const DownloadFollower&) = delete;
    DownloadFollower& operator=(const DownloadFollower&) = delete;

    /// Takes what was seen. Fails when the download did.
    Checked<void> take(const std::optional<DownloadReport>& report, Instant now) {
        if (!started_at_) started_at_ = now;
        if (!report) return take_silence(now);
        const bool may_be_old = !was_running_ && now < *started_at_ + stale_time;
        if (report->state == DownloadState::failed && may_be_old) return {};
        if (report->state == DownloadState::failed) {
            return std::unexpected(download_failed(model_, report->reason.value_or("no reason was given")));
        }
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

CliError not_started(const ModelId& model) {
    return {ExitCode::remote_failed,
            fmt::format("no worker was started for {}", model.str()),
            "see the nodes: rbees nodes list",
            "WORKER_START_FAILED",
            {}};
}

}  // namespace

Checked<ModelView> download_model(Session& session, const ModelId& model) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    auto view = (*api)->post<ModelView>(path_of("/v2/models", model.str(), "download"), contracts::ModelAction{});
    if (!view) return view;
    DownloadFollower follower(session, view->id);
    while (!view->on_disk) {
        if (auto taken = follower.take(view->download, BootClock::now()); !taken) return std::unexpected(taken.error());
        if (auto waited = session.loop().wait(look_interval); !waited) return std::unexpected(waited.error());
        view = (*api)->get<ModelView>(path_of("/v2/models", model.str()));
        if (!view) return view;
    }
    return view;
}

Checked<ModelView> await_loaded(Session& session, const ModelId& model) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    auto progress = session.console().progress();
    const auto started_at = BootClock::now();
    while (true) {
        const auto all = (*api)->get<std::vector<WorkerView>>("/v2/workers");
        if (!all) return std::unexpected(all.error());
        const auto workers = workers_of(*all, model);
        const auto now = BootClock::now();
        if (is_loaded(workers)) break;
        auto failure = load_failure(workers, model);
        const bool may_be_old = now < started_at + stale_time;
        if (workers.empty() && started_at + silence_max < now) failure = not_started(model);
        if (failure && !may_be_old) return progress.clear(), std::unexpected(*failure);
        const auto share =
            workers.empty() ? 0.0 : std::ranges::max(workers, {}, &WorkerView::load_progress).load_progress;
        progress.show(fmt::format("loading {} ... {}", model.str(), percent(share)), now);
        if (auto waited = session.loop().wait(look_interval); !waited) {
            return progress.clear(), std::unexpected(waited.error());
        }
    }
    progress.clear();
    return (*api)->get<ModelView>(path_of("/v2/models", model.str()));
}

}  // namespace rbees::ctl
