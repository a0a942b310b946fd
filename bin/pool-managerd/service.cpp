#include "service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <system_error>

#include "api.hpp"
#include "background.hpp"
#include "devices/device_probe.hpp"
#include "devices/worker_devices.hpp"
#include "downloads/cache_entry.hpp"
#include "limits.hpp"
#include "orchestrator_link.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/utf8.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/daemon/process_file.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/http_api/build.hpp"
#include "rbees/net/timer.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::poold {
namespace {

namespace asio = boost::asio;
using contracts::WorkersAtExit;

AcquireSettings acquire_settings(const Settings& settings) {
    return {.places = {settings.recipes, settings.home.cache, settings.home.logs / "downloads.log"},
            .log_limits = settings.log_limits,
            .connections = settings.download_connections,
            .answer_timeout = settings.download_answer_timeout,
            .huggingface_endpoint = settings.huggingface_endpoint,
            .huggingface_token = settings.huggingface_token,
            .part_min = limits::part_min,
            .retry_pause = limits::part_pause};
}

WorkerPoolSettings worker_settings(const Settings& settings) {
    return {.program = settings.worker_program,
            .logs = settings.home.logs,
            .records = settings.home.workers(),
            .limits = settings.workers,
            .slots = settings.worker_slots,
            .context = settings.worker_context,
            .threads = settings.worker_threads,
            .lease = settings.tasks_lease,
            .log_level = settings.log_level,
            .log_limits = settings.log_limits};
}

/// The address in the process file that orcd wrote.
std::optional<std::string> orcd_of_home(const Home& home) {
    const auto text = read_file(home.orcd_process(), limits::record_file);
    if (!text) return std::nullopt;
    const auto file = reflect::from_json_text<contracts::ProcessFile>(*text);
    return file ? file->url : std::nullopt;
}

/// Nothing while there is none.
std::optional<std::string> token_in(const std::filesystem::path& file) {
    auto line = read_first_line(file);
    if (!line || line->empty()) return std::nullopt;
    return std::move(*line);
}

}  // namespace

class Service::Implementation : public std::enable_shared_from_this<Implementation> {
  public:
    Implementation(net::IoContext& io, Settings settings, Identity identity, std::unique_ptr<GpuDriver> gpus,
                   Logger log)
        : io_(io),
          settings_(std::move(settings)),
          identity_(std::move(identity)),
          log_(std::move(log)),
          metrics_("pool-managerd"),
          client_(io),
          probe_("/", std::move(gpus)),
          store_(settings_.home.models, log_.module("models")),
          workers_(worker_parts()),
          downloads_(download_parts()),
          link_(link_parts()),
          router_(contracts::pool_routes(), api_handlers(api_parts()), api_access(workers_, identity_.call_token),
                  log_.module("http")),
          server_(io, {.body = limits::body, .connections = limits::connections}, router_.handler(),
                  http_api::server_error_body(), log_.module("net")),
          patience_(io) {
        server_.check_heads(router_.head_check());
    }

    static net::Task<void> start(std::shared_ptr<Implementation> self) {
        co_await look_at_gpus(self);
        co_await self->workers_.adopt();
        const auto port = self->listen();
        if (!port) {
            self->failure_ = port.error();
            self->io_.stop();
            co_return;
        }
        self->take_port(*port);
        self->downloads_.resume();
        self->link_.start();
        asio::co_spawn(self->io_, watch_workers(self), asio::detached);
        while (!self->is_stopping_) {
            co_await self->workers_.look_for_orphans();
            co_await net::wait_for(limits::orphan_scan);
        }
    }

    void drain(WorkersAtExit workers) {
        if (std::exchange(is_stopping_, true)) return;
        log_.info("stopping", {{"workers", workers == WorkersAtExit::stop ? "stopped" : "kept"}});
        asio::co_spawn(io_, wind_down(shared_from_this(), workers), asio::detached);
    }

    void stop_now() {
        is_stopping_ = true;
        downloads_.stop();
        server_.stop();
        io_.stop();
    }

    void remove_process_file() { process_file_.reset(); }

    [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }
    [[nodiscard]] net::IoContext& io() { return io_; }

  private:
    static net::Task<void> watch_workers(std::shared_ptr<Implementation> self) {
        const auto pause = self->settings_.workers.silence / pool::unanswered_max;
        while (!self->is_stopping_) {
            co_await net::wait_for(pause);
            self->workers_.ask_after_workers();
        }
    }

    static net::Task<void> wind_down(std::shared_ptr<Implementation> self, WorkersAtExit workers) {
        if (workers == WorkersAtExit::stop) co_await self->workers_.stop_all(self->settings_.shutdown_grace);
        self->link_.stop();
        self->downloads_.stop();
        const auto grace = std::chrono::duration_cast<asio::steady_timer::duration>(self->settings_.shutdown_grace);
        self->patience_.expires_after(grace);
        self->patience_.async_wait([weak = self->weak_from_this()](boost::system::error_code error) {
            const auto held = weak.lock();
            if (!error && held) held->stop_now();
        });
        self->server_.drain([weak = self->weak_from_this()] {
            if (const auto held = weak.lock()) held->stop_now();
        });
    }

    /// Only where there is one: the answer takes a while, because it starts the driver.
    static net::Task<void> look_at_gpus(std::shared_ptr<Implementation> self) {
        const auto is_gpu = [](const contracts::Device& device) { return device.kind != contracts::DeviceKind::cpu; };
        if (std::ranges::none_of(self->probe_.devices(), is_gpu)) co_return;
        const auto devices = co_await ask_worker_devices(self->io_, self->settings_.worker_program);
        auto trouble = gpu_trouble(devices);
        if (!trouble.empty()) self->log_.warning("no worker can use the GPUs of this machine", {{"why", trouble}});
        self->probe_.note_gpu_trouble(std::move(trouble));
    }

    /// The configured port, else the next free one.
    Result<std::uint16_t> listen() {
        const auto tries = settings_.listen_port == 0 ? 1 : limits::listen_ports_tried;
        Result<std::uint16_t> port = fail("no port was tried");
        for (unsigned offset = 0; offset < tries && settings_.listen_port + offset <= 65535; ++offset) {
            port = server_.listen(settings_.listen_host, static_cast<std::uint16_t>(settings_.listen_port + offset));
            if (port) return port;
        }
        return port;
    }

    void take_port(std::uint16_t port) {
        url_ = fmt::format("http://{}", net::Url{"http", settings_.listen_host, port, "/"}.authority());
        std::set<std::uint16_t> taken{port};
        if (const auto orcd = orchestrator_address()) {
            if (const auto url = net::parse_url(*orcd)) taken.insert(url->port);
        }
        workers_.set_callback(url_ + "/v2/internal/workers/ready", std::move(taken));
        auto file = daemon::ProcessFile::write(settings_.home.pool_process(), "pool-managerd", url_);
        if (!file) log_.error("the process file cannot be written", {{"why", describe(file.error())}});
        if (file) process_file_.emplace(std::move(*file));
        log_.info("listening", {{"url", url_}, {"node", identity_.node.str()}});
    }

    [[nodiscard]] std::optional<std::string> orchestrator_address() const {
        if (!settings_.orchestrator.empty()) return settings_.orchestrator;
        return orcd_of_home(settings_.home);
    }

    contracts::NodeStatus status() {
        contracts::NodeStatus status{.boot_id = identity_.start.boot_id,
                                     .start_time = identity_.start.start_time,
                                     .sequence = 0,
                                     .devices = probe_.devices(),
                                     .workers = workers_.reports(Secrets::included),
                                     .models = store_.reports(),
                                     .downloads = downloads_.reports()};
        // A report must never be refused because of what an engine or a source had to say.
        for (auto& worker : status.workers) {
            if (worker.reason) worker.reason = shortened(std::move(*worker.reason), limits::reason_bytes);
        }
        for (auto& download : status.downloads) {
            if (download.reason) download.reason = shortened(std::move(*download.reason), limits::reason_bytes);
        }
        return status;
    }

    contracts::NodeRegistration registration() {
        return {.node_id = identity_.node,
                .kind = contracts::NodeKind::pool,
                .name = settings_.name,
                .url = url_,
                .version = http_api::this_build().version,
                .protocol = 1,
                .call_token = identity_.call_token,
                .status = status()};
    }

    // The parts call each other through these, never before all are made: nothing runs until the loop does.

    WorkerPoolParts worker_parts() {
        return {.io = io_,
                .client = client_,
                .store = store_,
                .devices = [this] { return probe_.devices(); },
                .changed = [this] { link_.report(); },
                .count =
                    [this](std::string_view event, std::string_view outcome) {
                        const auto* name =
                            event == "start" ? "pool_mgr_worker_starts_total" : "pool_mgr_worker_stops_total";
                        metrics_.counter(name, {outcome}).add();
                    },
                .settings = worker_settings(settings_),
                .log = log_.module("workers")};
    }

    DownloadParts download_parts() {
        return {.io = io_,
                .background = background_,
                .store = store_,
                .settings = acquire_settings(settings_),
                .orders = settings_.home.state / "downloads",
                .changed = [this] { link_.report(); },
                .count_ended =
                    [this](std::string_view outcome) {
                        metrics_.counter("pool_mgr_model_downloads_total", {outcome}).add();
                    },
                .log = log_.module("downloads")};
    }

    LinkParts link_parts() {
        return {.io = io_,
                .client = client_,
                .address = [this] { return orchestrator_address(); },
                .node_token = [this] { return token_in(settings_.home.node_token()); },
                .registration = [this] { return registration(); },
                .status = [this] { return status(); },
                .log = log_.module("orcd")};
    }

    ApiParts api_parts() {
        return {
            .workers = workers_,
            .downloads = downloads_,
            .store = store_,
            .metrics = metrics_,
            .call_token = identity_.call_token,
            .status = [this] { return status(); },
            .devices = [this] { return probe_.devices(); },
            .changed = [this] { link_.report(); },
            .shut_down = [this](WorkersAtExit workers) { drain(workers); },
            .removed = [this](const Manifest& model) { drop_unused(settings_.home.cache, model.id, model.sources); },
            .is_stopping = [this] { return is_stopping_; }};
    }

    net::IoContext& io_;
    Settings settings_;
    Identity identity_;
    Logger log_;
    std::string url_;
    std::optional<daemon::ProcessFile> process_file_;
    bool is_stopping_ = false;
    std::optional<Failure> failure_;
    http_api::Metrics metrics_;
    net::Client client_;
    DeviceProbe probe_;
    ModelStore store_;
    Background background_;
    WorkerPool workers_;
    Downloads downloads_;
    OrchestratorLink link_;
    http_api::Router router_;
    net::Server server_;
    asio::steady_timer patience_;
};

Service::Service(net::IoContext& io, Settings settings, Identity identity, std::unique_ptr<GpuDriver> gpus, Logger log)
    : implementation_(std::make_shared<Implementation>(io, std::move(settings), std::move(identity), std::move(gpus),
                                                       std::move(log))) {}

Service::~Service() {
    implementation_->remove_process_file();
}

void Service::start() {
    asio::co_spawn(implementation_->io(), Implementation::start(implementation_), asio::detached);
}

void Service::drain(contracts::WorkersAtExit workers) {
    implementation_->drain(workers);
}

void Service::stop_now() {
    implementation_->stop_now();
}

const std::optional<Failure>& Service::failure() const {
    return implementation_->failure();
}

}  // namespace rbees::poold
