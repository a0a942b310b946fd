#include "downloads/downloads.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <deque>
#include <system_error>

#include "downloads/cache_entry.hpp"
#include "limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/reflect/describe.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;
using contracts::DownloadReport;
using contracts::DownloadState;
using contracts::ErrorCode;
using contracts::ModelSpec;
using contracts::Problem;

constexpr std::size_t sources_max = 16;

std::optional<Problem> refusal_of(const ModelSpec& spec) {
    if (!pool::is_slug(spec.id.str())) {
        return Problem{.code = ErrorCode::INVALID_PARAMS,
                       .detail = fmt::format("`{}` is no model id: 1 to {} of a-z 0-9 . _ : -", spec.id.str(),
                                             pool::slug_length_max)};
    }
    if (spec.sources.empty() || spec.sources.size() > sources_max) {
        return Problem{.code = ErrorCode::INVALID_PARAMS,
                       .detail = fmt::format("a model needs 1 to {} sources", sources_max)};
    }
    for (const auto& source : spec.sources) {
        if (auto fault = pool::fault_of(source)) {
            return Problem{.code = ErrorCode::INVALID_PARAMS, .detail = std::move(*fault)};
        }
    }
    return std::nullopt;
}

/// Two models cannot share an id: one would be served with the other's bytes.
Problem id_taken(const ModelId& id, const std::vector<contracts::ModelSource>& sources) {
    return {.code = ErrorCode::CONFLICT,
            .detail = fmt::format("another model is here under the id {}: {}", id.str(),
                                  sources.empty() ? "of an unknown source" : pool::describe_source(sources.front())),
            .hint = fmt::format("delete that one with rbees models rm {}, or give yours an id of its own: "
                                "POST /v2/models",
                                id.str())};
}

Problem too_many() {
    return {
        .code = ErrorCode::QUEUE_FULL,
        .detail = fmt::format("{} downloads run on this node already, as many as it runs at a time", limits::downloads),
        .hint = "try again when one has ended (rbees models list), or stop one: rbees models rm MODEL",
        .limit = "downloads",
        .retry_after_ms = std::chrono::duration_cast<std::chrono::milliseconds>(limits::downloads_retry).count()};
}

struct Job {
    Job(ModelSpec wanted, Recheck check, std::function<void()> changed)
        : spec(std::move(wanted)), recheck(check), progress(std::move(changed)) {}

    ModelSpec spec;
    Recheck recheck;
    Progress progress;
    DownloadState state = DownloadState::running;
    std::string source;
    std::string reason;
    std::shared_ptr<Reading> reading = std::make_shared<Reading>();

    [[nodiscard]] DownloadReport report() const {
        DownloadReport report{.model = spec.id,
                              .state = state,
                              .done = progress.done(),
                              .total = progress.total(),
                              .phase = state == DownloadState::running ? progress.phase() : "ended"};
        if (progress.phase() == "verifying") report.done = Bytes(reading->bytes);
        if (!source.empty()) report.source = source;
        if (state == DownloadState::failed) report.reason = reason;
        return report;
    }
};

/// A model that is here no more as it was fetched is told of as a download that failed: pulling it tries again, and
/// deleting it takes away what is left.
DownloadReport report_of(const DamagedModel& model) {
    return {.model = model.manifest.id,
            .state = DownloadState::failed,
            .done = Bytes(0),
            .total = model.manifest.size,
            .phase = "damaged",
            .source = {},
            .reason = describe(model.fault)};
}

}  // namespace

class Downloads::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    explicit Implementation(DownloadParts parts) : parts_(std::move(parts)) {}

    std::expected<DownloadReport, Problem> start(ModelSpec spec, Recheck recheck) {
        if (auto refusal = refusal_of(spec)) return std::unexpected(std::move(*refusal));
        const auto* there = parts_.store.find(spec.id);
        if (there != nullptr && !pool::is_same_model(spec, there->sources, there->sha256)) {
            return std::unexpected(id_taken(spec.id, there->sources));
        }
        if (const auto* running = find(spec.id)) {
            if (pool::is_same_model(spec, running->spec.sources, running->spec.sha256.value_or(""))) {
                return running->report();
            }
            return std::unexpected(id_taken(spec.id, running->spec.sources));
        }
        if (there != nullptr && recheck == Recheck::where_changed && parts_.store.is_as_verified(spec.id)) {
            return DownloadReport{.model = spec.id,
                                  .state = DownloadState::done,
                                  .done = there->size,
                                  .total = there->size,
                                  .phase = "ended"};
        }
        if (running_count() >= limits::downloads) return std::unexpected(too_many());
        return launch(std::move(spec), recheck).report();
    }

    Cancelled cancel(const ModelId& id) {
        const auto found =
            std::ranges::find_if(jobs_, [&](const auto& job) { return job->spec.id == id && runs(job); });
        if (found != jobs_.end()) {
            const auto job = *found;
            job->reading->stop.request();
            end(*job, DownloadState::cancelled);
            return Cancelled::stopped;
        }
        const bool had_failed = std::erase_if(jobs_, [&](const auto& job) {
                                    return job->spec.id == id && job->state == DownloadState::failed;
                                }) > 0;
        const auto left = drop_unfinished(parts_.settings.places.cache, id);
        return had_failed || left == Leftovers::deleted ? Cancelled::cleared : Cancelled::nothing;
    }

    void resume() {
        std::error_code error;
        std::vector<fs::path> orders;
        for (const auto& entry : fs::directory_iterator(parts_.orders, error)) {
            if (entry.path().extension() == ".json") orders.push_back(entry.path());
        }
        for (const auto& order : orders) {
            const auto text = read_file(order, limits::manifest_file);
            if (!text) continue;
            auto spec = reflect::from_json_text<ModelSpec>(*text);
            const auto report = spec ? start(std::move(*spec), Recheck::where_changed) : std::unexpected(Problem{});
            if (!report || report->state != DownloadState::running) fs::remove(order, error);
        }
    }

    [[nodiscard]] const Job* find(const ModelId& id) const {
        const auto found = std::ranges::find_if(
            jobs_, [&](const auto& job) { return job->spec.id == id && job->state == DownloadState::running; });
        return found == jobs_.end() ? nullptr : found->get();
    }

    [[nodiscard]] std::vector<DownloadReport> reports() const {
        std::vector<DownloadReport> reports;
        for (const auto& job : jobs_) {
            reports.push_back(job->report());
        }
        for (const auto& [id, model] : parts_.store.damaged()) {
            const auto tells = [&id](const auto& job) {
                return job->spec.id == id && (runs(job) || job->state == DownloadState::failed);
            };
            if (std::ranges::none_of(jobs_, tells)) reports.push_back(report_of(model));
        }
        return reports;
    }

    void stop() {
        for (const auto& job : jobs_) {
            job->reading->stop.request();
        }
    }

  private:
    Job& launch(ModelSpec spec, Recheck recheck) {
        std::erase_if(jobs_, [&](const auto& job) { return job->spec.id == spec.id; });
        const auto order = order_file(spec.id);
        if (auto kept = write_file_atomically(order, reflect::to_json_text(spec), FileAccess::everyone); !kept) {
            parts_.log.warning("a download cannot be gone on with after a restart", {{"why", kept.error().message}});
        }
        auto job = std::make_shared<Job>(std::move(spec), recheck, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->note_progress();
        });
        jobs_.push_back(job);
        parts_.changed();
        boost::asio::co_spawn(parts_.io, run(shared_from_this(), job), boost::asio::detached);
        return *job;
    }

    static net::Task<void> run(std::shared_ptr<Implementation> self, std::shared_ptr<Job> job) {
        daemon::set_aside_if_full(self->parts_.settings.places.log_file, self->parts_.settings.log_limits);
        auto attempt = std::make_shared<Attempt>(self->parts_.io, self->parts_.background, job->progress, job->reading,
                                                 self->parts_.settings, job->spec, job->recheck);
        const auto outcome = co_await look_and_fetch(self, job, attempt);
        if (outcome) co_return self->end(*job, *outcome);
        const bool is_left = job->state == DownloadState::cancelled && self->find(job->spec.id) == nullptr;
        if (is_left) static_cast<void>(drop_unfinished(self->parts_.settings.places.cache, job->spec.id));
    }

    /// How the download ended; nothing if it was stopped before.
    static net::Task<std::optional<DownloadState>> look_and_fetch(std::shared_ptr<Implementation> self,
                                                                  std::shared_ptr<Job> job,
                                                                  std::shared_ptr<Attempt> attempt) {
        if (self->parts_.store.find(job->spec.id) != nullptr) {
            const bool is_right = co_await check_here(self, attempt);
            if (attempt->stop()->requested()) co_return std::nullopt;
            if (is_right) co_return DownloadState::done;
        }
        const auto outcome = co_await fetch(self, job, attempt);
        co_return outcome;
    }

    /// What is wrong with the file that is here, if something is.
    static net::Task<std::optional<Failure>> fault_here(std::shared_ptr<Implementation> self,
                                                        std::shared_ptr<Attempt> attempt) {
        const auto& store = self->parts_.store;
        const auto path = store.path_of(attempt->spec.id);
        if (!path) co_return path.error();
        const auto right = co_await verify(attempt, *path, store.find(attempt->spec.id)->sha256);
        if (!right) co_return right.error();
        co_return std::nullopt;
    }

    /// Whether the file that is here still has the bytes that were verified. Else it is taken away: nobody shall load
    /// it.
    static net::Task<bool> check_here(std::shared_ptr<Implementation> self, std::shared_ptr<Attempt> attempt) {
        auto& parts = self->parts_;
        const auto& id = attempt->spec.id;
        const auto fault = co_await fault_here(self, attempt);
        if (attempt->stop()->requested()) co_return false;
        if (!fault) {
            // Where its manifest cannot be written, it is read again the next time.
            static_cast<void>(parts.store.add(Manifest(*parts.store.find(id))));
            co_return true;
        }
        parts.log.warning("the file of a model is fetched again", {{"model", id.str()}, {"why", describe(*fault)}});
        attempt->recheck = Recheck::always;  // the cache may hold the same bytes
        if (auto removed = parts.store.remove(id); !removed) {
            parts.log.warning("the file of a model cannot be deleted", {{"why", describe(removed.error())}});
        }
        parts.changed();
        co_return false;
    }

    /// Sources in their order, until one gives the right bytes. Nothing if it was stopped before.
    static net::Task<std::optional<DownloadState>> fetch(std::shared_ptr<Implementation> self, std::shared_ptr<Job> job,
                                                         std::shared_ptr<Attempt> attempt) {
        std::string reasons;
        for (const auto& source : job->spec.sources) {
            job->source = pool::describe_source(source);
            auto acquired = co_await acquire(attempt, source);
            auto failure = acquired ? std::nullopt : std::optional(acquired.error());
            if (acquired) {
                const auto placed = co_await place(self, job, std::move(*acquired));
                if (placed) co_return DownloadState::done;
                failure = placed.error();
            }
            if (attempt->stop()->requested()) co_return std::nullopt;
            self->parts_.log.warning(
                "a source did not give the model",
                {{"model", job->spec.id.str()}, {"source", job->source}, {"why", describe(*failure)}});
            reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", job->source, describe(*failure));
        }
        job->reason = std::move(reasons);
        co_return DownloadState::failed;
    }

    static net::Task<Result<void>> place(std::shared_ptr<Implementation> self, std::shared_ptr<Job> job,
                                         Acquired acquired) {
        const auto& id = job->spec.id;
        const auto placed = co_await self->parts_.background.run(
            [self, file = acquired.file, id] { return self->parts_.store.place(file, id); });
        if (!placed) co_return std::unexpected(placed.error());
        if (!job->reading->stop.requested()) co_return self->parts_.store.add(std::move(acquired.manifest));
        // Deleted meanwhile, unless another download has begun since.
        if (self->find(id) == nullptr && self->parts_.store.find(id) == nullptr) self->parts_.store.withdraw(id);
        co_return fail("the download was stopped");
    }

    void end(Job& job, DownloadState state) {
        job.state = state;
        std::error_code error;
        fs::remove(order_file(job.spec.id), error);
        const auto text = reflect::name_of(state);
        parts_.count_ended(text);
        parts_.log.info("a download ended", {{"model", job.spec.id.str()}, {"outcome", text}, {"why", job.reason}});
        forget_old();
        parts_.changed();
    }

    [[nodiscard]] static bool runs(const std::shared_ptr<Job>& job) { return job->state == DownloadState::running; }

    [[nodiscard]] std::size_t running_count() const {
        return static_cast<std::size_t>(std::ranges::count_if(jobs_, runs));
    }

    /// The oldest ended ones go.
    void forget_old() {
        while (jobs_.size() - running_count() > limits::finished_downloads) {
            jobs_.erase(std::ranges::find_if_not(jobs_, runs));
        }
    }

    void note_progress() {
        const auto now = BootClock::now();
        if (now - told_at_ < limits::progress_step) return;
        told_at_ = now;
        parts_.changed();
    }

    [[nodiscard]] fs::path order_file(const ModelId& id) const { return parts_.orders / (id.str() + ".json"); }

    DownloadParts parts_;
    std::deque<std::shared_ptr<Job>> jobs_;  ///< oldest first
    Instant told_at_{};
};

Downloads::Downloads(DownloadParts parts) : implementation_(std::make_shared<Implementation>(std::move(parts))) {}

Downloads::~Downloads() = default;

std::expected<DownloadReport, Problem> Downloads::start(ModelSpec spec, Recheck recheck) {
    return implementation_->start(std::move(spec), recheck);
}

Cancelled Downloads::cancel(const ModelId& id) {
    return implementation_->cancel(id);
}

void Downloads::resume() {
    implementation_->resume();
}

std::vector<DownloadReport> Downloads::reports() const {
    return implementation_->reports();
}

bool Downloads::is_running(const ModelId& id) const {
    return implementation_->find(id) != nullptr;
}

void Downloads::stop() {
    implementation_->stop();
}

}  // namespace rbees::poold
