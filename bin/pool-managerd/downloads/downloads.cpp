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
    return std::nullopt;
}

struct Job {
    Job(ModelSpec wanted, std::function<void()> changed) : spec(std::move(wanted)), progress(std::move(changed)) {}

    ModelSpec spec;
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

}  // namespace

class Downloads::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    explicit Implementation(DownloadParts parts) : parts_(std::move(parts)) {}

    std::expected<DownloadReport, Problem> start(ModelSpec spec) {
        if (auto refusal = refusal_of(spec)) return std::unexpected(std::move(*refusal));
        if (const auto* there = parts_.store.find(spec.id); there != nullptr && parts_.store.path_of(spec.id)) {
            return DownloadReport{.model = spec.id,
                                  .state = DownloadState::done,
                                  .done = there->size,
                                  .total = there->size,
                                  .phase = "ended"};
        }
        if (const auto* running = find(spec.id)) return running->report();
        if (running_count() >= limits::downloads) {
            return std::unexpected(Problem{.code = ErrorCode::LIMIT_EXCEEDED,
                                           .detail = fmt::format("{} downloads run already", limits::downloads),
                                           .limit = "downloads"});
        }
        return launch(std::move(spec)).report();
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
            if (!spec || !start(std::move(*spec))) fs::remove(order, error);
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
        return reports;
    }

    void stop() {
        is_stopping_ = true;
        for (const auto& job : jobs_) {
            job->reading->give_up = true;
        }
    }

  private:
    Job& launch(ModelSpec spec) {
        std::erase_if(jobs_, [&](const auto& job) { return job->spec.id == spec.id; });
        const auto order = order_file(spec.id);
        if (auto kept = write_file_atomically(order, reflect::to_json_text(spec), FileAccess::everyone); !kept) {
            parts_.log.warning("a download cannot be gone on with after a restart", {{"why", kept.error().message}});
        }
        auto job = std::make_shared<Job>(std::move(spec), [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->note_progress();
        });
        jobs_.push_back(job);
        parts_.changed();
        boost::asio::co_spawn(parts_.io, run(shared_from_this(), job), boost::asio::detached);
        return *job;
    }

    /// Sources in their order, until one gives the right bytes.
    static net::Task<void> run(std::shared_ptr<Implementation> self, std::shared_ptr<Job> job) {
        daemon::set_aside_if_full(self->parts_.settings.places.log_file, self->parts_.settings.log_limits);
        std::string reasons;
        auto attempt = std::make_shared<Attempt>(self->parts_.io, self->parts_.background, job->progress, job->reading,
                                                 self->parts_.settings, job->spec);
        for (const auto& source : job->spec.sources) {
            job->source = describe_source(source);
            auto acquired = co_await acquire(attempt, source);
            auto failure = acquired ? std::nullopt : std::optional(acquired.error());
            if (acquired) {
                const auto placed = co_await place(self, std::move(*acquired));
                if (placed) co_return self->end(*job, DownloadState::done);
                failure = placed.error();
            }
            if (self->is_stopping_) co_return;
            self->parts_.log.warning(
                "a source did not give the model",
                {{"model", job->spec.id.str()}, {"source", job->source}, {"why", describe(*failure)}});
            reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", job->source, describe(*failure));
        }
        job->reason = std::move(reasons);
        self->end(*job, DownloadState::failed);
    }

    static net::Task<Result<void>> place(std::shared_ptr<Implementation> self, Acquired acquired) {
        const auto placed = co_await self->parts_.background.run(
            [self, file = acquired.file, id = acquired.manifest.id] { return self->parts_.store.place(file, id); });
        if (!placed) co_return std::unexpected(placed.error());
        co_return self->parts_.store.add(std::move(acquired.manifest));
    }

    void end(Job& job, DownloadState state) {
        job.state = state;
        std::error_code error;
        fs::remove(order_file(job.spec.id), error);
        const auto text = state == DownloadState::done ? "done" : "failed";
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
    bool is_stopping_ = false;
};

Downloads::Downloads(DownloadParts parts) : implementation_(std::make_shared<Implementation>(std::move(parts))) {}

Downloads::~Downloads() = default;

std::expected<DownloadReport, Problem> Downloads::start(ModelSpec spec) {
    return implementation_->start(std::move(spec));
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
