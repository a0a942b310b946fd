#include "orcd.hpp"

#include <fmt/format.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "file_tokens.hpp"
#include "io_worker.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/files.hpp"
#include "rbees/daemon/process_file.hpp"
#include "rbees/http_api/build.hpp"
#include "rbees/process/signals.hpp"
#include "store/mending_watch.hpp"
#include "store/recovery.hpp"
#include "store/store_crashes.hpp"

namespace rbees::orcd {
namespace {

constexpr auto program = "rbees-orcd";

/// Everything that lives as long as the process serves.
class Service {
  public:
    Service(Settings settings, const Logger& log, std::unique_ptr<store::Journal> journal,
            std::unique_ptr<store::Reader> reader, kernel::State recovered)
        : settings_(std::move(settings)),
          log_(log),
          journal_(std::move(journal)),
          control_(std::in_place, settings_, *journal_, std::move(reader), std::move(recovered), log) {
        const auto shut_down = [this] { boost::asio::post(main_, [this] { drain(); }); };
        const auto bodies = std::make_shared<net::BodyBudget>(settings_.bodies_limit);
        for (std::uint32_t number = 1; number <= settings_.threads; ++number) {
            IoWorkerParts parts{settings_, *control_, metrics_, shut_down, bodies, log};
            workers_.push_back(std::make_unique<IoWorker>(std::move(parts), static_cast<std::uint16_t>(number)));
        }
    }

    /// Binds, starts the threads, writes the process file, and runs until the end.
    Result<ExitCode> run() {
        for (auto& worker : workers_) {
            if (auto bound = worker->listen(settings_.listen); !bound) return std::unexpected(bound.error());
        }
        if (auto known = admit_file_tokens(settings_.home, control_->fleet()); !known) {
            return std::unexpected(known.error());
        }
        control_->start([this](std::shared_ptr<const orchestrator::FleetView> view) {
            for (auto& worker : workers_) {
                worker->show(view);
            }
            if (!std::exchange(shown_, true)) first_view_.set_value();
        });
        start_threads();
        if (journal_->read_only_cause()) watch_for_mending();
        const auto& [host, port] = settings_.listen.front();
        const auto url = fmt::format("http://{}:{}", host.contains(':') ? "[" + host + "]" : host, port);
        // From before anybody knows of us to the very end: no signal may cut a start or a stop short.
        const process::SignalWatch signals(
            main_, {.drain = [this] { drain(); }, .stop_now = [this] { main_.stop(); }, .hang_up = {}});
        auto file = daemon::ProcessFile::write(settings_.home.orcd_process(), "rbees-orcd", url);
        // A disk that takes nothing more must not keep anybody from reading what is on it.
        const bool may_serve = file.has_value() || journal_->space() != store::SpaceState::normal;
        if (!file)
            log_.warning("no process file; it must be found by its address", {{"cause", describe(file.error())}});
        if (may_serve) {
            log_.info("ready", {{"url", url}, {"version", http_api::this_build().version}});
            main_.run();
        }
        stop_threads();
        if (!may_serve) return std::unexpected(file.error());
        return code_;
    }

  private:
    void start_threads() {
        threads_.emplace_back([this] {
            const auto guard = boost::asio::make_work_guard(control_->io());
            control_->io().run();
        });
        // Until the tokens are on disk and known, every request would be refused: clients wait in the backlog.
        first_view_.get_future().wait();
        for (auto& worker : workers_) {
            threads_.emplace_back([&worker] { worker->run(); });
        }
    }

    /// It is opened at the start only: for all that was decided since nobody knows what is on the disk.
    void watch_for_mending() {
        auto mended = [this] {
            log_.warning("the journal can be written again: rbees-orcd ends, to be started anew");
            code_ = ExitCode::start_again;
            drain();
        };
        mending_.emplace(main_,
                         MendingWatch::Parts{
                             .trial = plan_trial(settings_.home.journal()), .mended = std::move(mended), .log = log_});
    }

    /// First SIGTERM, or POST /v2/shutdown: requests in flight may finish, for a while.
    void drain() {
        if (std::exchange(draining_, true)) return;
        log_.info("stopping", {{"grace", describe(settings_.shutdown_grace)}});
        mending_.reset();
        control_->long_work().ask_to_stop();
        deadline_.expires_after(settings_.shutdown_grace);
        deadline_.async_wait([this](const boost::system::error_code& error) {
            if (!error) main_.stop();
        });
        left_ = workers_.size();
        for (auto& worker : workers_) {
            worker->drain([this] {
                boost::asio::post(main_, [this] {
                    if (--left_ == 0) main_.stop();
                });
            });
        }
    }

    void stop_threads() {
        mending_.reset();
        for (auto& worker : workers_) {
            worker->stop();
        }
        control_->stop();
        for (auto& thread : threads_) {
            thread.join();
        }
        control_->long_work().end();
        journal_->stop();
        drop_pending();
        log_.info("stopped");
    }

    /// Either side's pending work holds parts of the other: a request its slot, whose return it tells the control
    /// thread; a question at the control thread the request that asked.
    void drop_pending() {
        for (auto& worker : workers_) {
            worker->drop_pending();
        }
        control_.reset();
        for (auto& worker : workers_) {
            worker->drop_pending();
        }
    }

    Settings settings_;
    Logger log_;
    std::unique_ptr<store::Journal> journal_;
    http_api::Metrics metrics_{"rbees-orcd"};
    std::optional<Control> control_;
    std::vector<std::unique_ptr<IoWorker>> workers_;
    net::IoContext main_{1};
    boost::asio::basic_waitable_timer<BootClock> deadline_{main_};
    std::size_t left_ = 0;
    bool draining_ = false;
    ExitCode code_ = ExitCode::ok;
    bool shown_ = false;  ///< of the control thread
    std::promise<void> first_view_;
    std::vector<std::thread> threads_;
    std::optional<MendingWatch> mending_;  ///< while the journal is only read
};

/// A folder that is there but cannot be written to is no reason to end: what it holds can still be read.
Result<void> make_folders(const Home& home, const Logger& log) {
    for (const auto& folder : {home.state, home.secrets, home.logs, home.run}) {
        auto made = make_private_folder(folder);
        if (made) continue;
        std::error_code ignored;
        if (!std::filesystem::is_directory(folder, ignored)) return made;
        log.warning("a folder cannot be written to", {{"cause", describe(made.error())}});
    }
    return {};
}

store::JournalOptions journal_options(const Settings& settings, const Logger& log) {
    store::JournalOptions options;
    options.program_version = http_api::this_build().version;
    options.watermark = settings.storage_watermark;
    options.log = log.module("store");
    options.may_be_read_only = true;
    options.reached = store_crashes();
    if (settings.journal_keep > Duration{}) options.keep = settings.journal_keep;
    return options;
}

}  // namespace

ExitCode run_orcd(Settings settings, const Logger& log) {
    if (auto made = make_folders(settings.home, log); !made) return daemon::fail(program, made.error());
    const auto lock_path = settings.home.run / "orcd.lock";
    const auto lock = FileLock::acquire(lock_path);
    if (!lock && FileLock::is_held(lock_path)) {
        return daemon::fail(program, {fmt::format("another rbees-orcd runs in this home: {}", lock.error().message),
                                      "rbees status shows it; another --home makes another one"});
    }
    auto journal = store::Journal::open(settings.home.journal(), journal_options(settings, log));
    if (!journal) return daemon::fail(program, journal.error().failure);
    if (const auto& cause = (*journal)->read_only_cause()) {
        log.error("the journal can only be read; nothing new is accepted", {{"cause", describe(*cause)}});
    } else if (!lock) {
        return daemon::fail(program, lock.error());
    }
    auto reader = (*journal)->open_reader();
    if (!reader) return daemon::fail(program, reader.error());
    auto state = recover(**reader);
    if (!state) return daemon::fail(program, state.error());
    crash_point(CrashPoint::recovered_not_serving);
    Service service(std::move(settings), log, std::move(*journal), std::move(*reader), std::move(*state));
    const auto ran = service.run();
    return ran ? *ran : daemon::fail(program, ran.error());
}

}  // namespace rbees::orcd
