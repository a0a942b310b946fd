#include "rbees/store/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "backup.hpp"
#include "chain.hpp"
#include "committer.hpp"
#include "connection.hpp"
#include "kept_head.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/files.hpp"
#include "rbees/store/limits.hpp"
#include "schema.hpp"

namespace rbees::store {
namespace {

constexpr int exit_code_storage_failed = 75;  // EX_TEMPFAIL: a supervisor starts us again

std::unexpected<OpenError> refuse(OpenProblem problem, Failure failure) {
    return std::unexpected(OpenError{problem, std::move(failure)});
}

bool has_room(SpaceState state, Admission admission) {
    switch (state) {
        case SpaceState::normal:
            return true;
        case SpaceState::below_watermark:
            return admission != Admission::ordinary;
        case SpaceState::closing_only:
            return admission == Admission::closing;
        case SpaceState::read_only:
            break;
    }
    return false;
}

SpaceOptions space_options(const std::filesystem::path& path, const JournalOptions& options) {
    auto measure = options.disk_space;
    if (!measure) measure = [folder = folder_of(path)] { return measure_disk(folder); };
    return {path, options.watermark, options.watermark_percent, options.reserve, std::move(measure), options.log};
}

}  // namespace

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Result<void> make_private_file(const std::filesystem::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid() || ::fchmod(fd.get(), 0600) != 0) return fail_with_errno("cannot open " + path.native());
    return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_with_errno("cannot sync " + folder.native());
    return {};
}

class Journal::Engine {
  public:
    Engine(std::filesystem::path path, JournalOptions options, FileLock lock, std::unique_ptr<Writer> writer)
        : path_(std::move(path)),
          options_(std::move(options)),
          lock_(std::move(lock)),
          space_(std::in_place, space_options(path_, options_)),
          committer_(std::make_unique<Committer>(std::move(writer), queue_, *space_, published_, options_)),
          thread_([this] { committer_->run(); }) {}

    /// One that is only read.
    Engine(std::filesystem::path path, JournalOptions options, const JournalHead& end, Failure cause)
        : path_(std::move(path)), options_(std::move(options)), read_only_cause_(std::move(cause)) {
        published_.change([&end](JournalHead& head, JournalMetrics&) { head = end; });
    }

    [[nodiscard]] SpaceState space() const { return space_ ? space_->state() : SpaceState::read_only; }

    [[nodiscard]] std::expected<void, AppendError> admits(Admission admission) const {
        auto queued = queue_.admits();
        if (queued && !has_room(space(), admission)) return std::unexpected(AppendError::storage_full);
        return queued;
    }

    [[nodiscard]] std::expected<void, AppendError> append(Batch batch, Callback committed) {
        const auto size = size_of(batch);
        RBEES_ASSERT(size <= limits::batch_bytes_max);
        for (const auto& record : batch.records) {
            RBEES_ASSERT(!record.type.starts_with("journal:"));
        }
        auto admitted = admits(batch.admission);
        if (admitted) admitted = queue_.push({std::move(batch), std::move(committed), size});
        if (!admitted) {
            published_.change([](JournalHead&, JournalMetrics& metrics) { metrics.refused += 1; });
        }
        return admitted;
    }

    void stop() {
        RBEES_ASSERT(!thread_.joinable() || std::this_thread::get_id() != thread_.get_id());
        queue_.close(AppendError::stopped);
        if (thread_.joinable()) thread_.join();
        committer_.reset();
    }

    std::filesystem::path path_;
    JournalOptions options_;
    std::optional<FileLock> lock_;
    Queue queue_;
    std::optional<Space> space_;
    Published published_;
    std::optional<Failure> read_only_cause_;
    std::unique_ptr<Committer> committer_;
    std::thread thread_;
};

std::filesystem::path trial_lock(const std::filesystem::path& journal) {
    return beside(journal, ".trial.lock");
}

std::expected<std::unique_ptr<Journal::Engine>, OpenError> Journal::open_to_write(const std::filesystem::path& path,
                                                                                  const JournalOptions& options) {
    const auto folder = folder_of(path);
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        const auto remedy = "make it writable for this user, or choose another with --home";
        return refuse(OpenProblem::unavailable, fail_with_errno("cannot write to " + folder.native(), remedy).error());
    }
    const auto lock_path = beside(path, ".lock");
    auto lock = FileLock::acquire(lock_path);
    if (!lock) {
        const bool is_held = FileLock::is_held(lock_path) && !FileLock::is_held(trial_lock(path));
        return refuse(is_held ? OpenProblem::locked : OpenProblem::unavailable, std::move(lock.error()));
    }
    if (std::filesystem::exists(restoring_marker(path))) {
        return refuse(OpenProblem::unavailable, {"a restore of " + path.native() + " was interrupted",
                                                 "run the restore again; the old database is whole beside it"});
    }
    if (auto made = make_private_file(path); !made) return refuse(OpenProblem::unavailable, std::move(made.error()));
    auto writer = Writer::open(path, options.vfs, options.program_version);
    if (!writer) return std::unexpected(std::move(writer.error()));
    if (auto synced = sync_folder(folder); !synced) {
        return refuse(OpenProblem::unavailable, std::move(synced.error()));
    }
    return std::make_unique<Engine>(path, options, std::move(*lock), std::move(*writer));
}

std::expected<std::unique_ptr<Journal::Engine>, OpenError> Journal::open_read_only(const std::filesystem::path& path,
                                                                                   const JournalOptions& options,
                                                                                   OpenError cause) {
    // Between the two files that a restore replaces, what is there may belong together or not.
    if (std::filesystem::exists(restoring_marker(path))) return std::unexpected(std::move(cause));
    const auto database = open_to_read(path, options.vfs);
    if (!database) return std::unexpected(std::move(cause));
    const auto format = database->integer("PRAGMA user_version");
    if (!format || *format != std::ssize(migrations())) return std::unexpected(std::move(cause));
    FieldHasher hasher;
    const auto head = check_ends(*database, hasher, path.native());
    if (!head) return std::unexpected(head.error());
    if (auto lacking = check_kept_head(path, *head)) {
        return std::unexpected(OpenError{OpenProblem::damaged, std::move(*lacking)});
    }
    return std::make_unique<Engine>(path, options, *head, std::move(cause.failure));
}

std::expected<std::unique_ptr<Journal>, OpenError> Journal::open(const std::filesystem::path& path,
                                                                 JournalOptions options) {
    if (!options.storage_failed) {
        options.storage_failed = [](const Failure&) { std::_Exit(exit_code_storage_failed); };
    }
    if (!options.now) options.now = wall_now;
    auto engine = open_to_write(path, options);
    if (!engine && engine.error().problem == OpenProblem::unavailable && options.may_be_read_only) {
        engine = open_read_only(path, options, std::move(engine.error()));
    }
    if (!engine) return std::unexpected(std::move(engine.error()));
    return std::unique_ptr<Journal>(new Journal(std::move(*engine)));
}

Journal::Journal(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

Journal::~Journal() {
    stop();
}

std::expected<void, AppendError> Journal::admits(Admission admission) const {
    return engine_->admits(admission);
}

std::expected<void, AppendError> Journal::append(Batch batch, Callback committed) {
    return engine_->append(std::move(batch), std::move(committed));
}

Result<std::unique_ptr<Reader>> Journal::open_reader() const {
    return Reader::open(engine_->path_, engine_->options_.vfs);
}

Result<BackupManifest> Journal::backup(const std::filesystem::path& target, const std::stop_token& stop) const {
    return create_backup(engine_->path_, target, engine_->options_.vfs, stop);
}

JournalHead Journal::head() const {
    return engine_->published_.head();
}

SpaceState Journal::space() const {
    return engine_->space();
}

const std::optional<Failure>& Journal::read_only_cause() const {
    return engine_->read_only_cause_;
}

JournalMetrics Journal::metrics() const {
    auto metrics = engine_->published_.metrics();
    metrics.queued_batches = engine_->queue_.size();
    return metrics;
}

void Journal::stop() {
    engine_->stop();
}

}  // namespace rbees::store
