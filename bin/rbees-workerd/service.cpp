#include "service.hpp"

#include <fmt/format.h>

#include <utility>

#include "limits.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/utf8.hpp"
#include "rbees/contracts/limits.hpp"
#include "rbees/contracts/routes.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::workerd {
namespace {

using contracts::ErrorCode;

ErrorCode code_of(engine::LoadErrorKind kind) {
    switch (kind) {
        case engine::LoadErrorKind::file_missing:
            return ErrorCode::MODEL_NOT_FOUND;
        case engine::LoadErrorKind::not_enough_memory:
            return ErrorCode::INSUFFICIENT_MEMORY;
        case engine::LoadErrorKind::not_enough_gpu_memory:
            return ErrorCode::INSUFFICIENT_VRAM;
        case engine::LoadErrorKind::no_gpu:
            return ErrorCode::GPU_UNAVAILABLE;
        case engine::LoadErrorKind::file_corrupt:
        case engine::LoadErrorKind::not_supported:
        case engine::LoadErrorKind::failed:
            return ErrorCode::MODEL_LOAD_FAILED;
    }
    return ErrorCode::MODEL_LOAD_FAILED;
}

/// A client was let in by rbees-orcd, whose limit is less.
net::ServerLimits server_limits() {
    net::ServerLimits limits;
    limits.body = contracts::worker_body_max;
    limits.bodies = std::make_shared<net::BodyBudget>(bodies_max);
    return limits;
}

std::optional<PoolReports::Address> address_of(const Settings& settings, const std::string& secret) {
    if (!settings.callback) return std::nullopt;
    return PoolReports::Address{*settings.callback, secret};
}

}  // namespace

Service::Service(net::IoContext& io, Settings settings, std::string secret, Environs environs)
    : io_(io),
      settings_(std::move(settings)),
      environs_(std::move(environs)),
      log_(environs_.log.module("worker")),
      worker_(io, {settings_.worker, ModelId(settings_.plan.model_name), secret}, log_, environs_.executions),
      router_(contracts::worker_routes(), worker_.handlers(), worker_.access(), environs_.log.module("http")),
      server_(io, server_limits(), router_.handler(), http_api::server_error_body(), environs_.log.module("http")),
      reports_(io, address_of(settings_, secret), environs_.log.module("reports"), environs_.patience) {
    server_.check_heads(router_.head_check());
    worker_.when_told_to_stop([this] { drain(); });
    reports_.when_lost([this] { note_lost(); });
}

Service::~Service() = default;

Result<std::uint16_t> Service::start() {
    auto port = server_.listen(settings_.host, settings_.port);
    if (!port) return port;
    port_ = *port;
    log_.info("listening", {{"worker_id", settings_.worker.str()},
                            {"model", settings_.plan.model_name},
                            {"host", settings_.host},
                            {"port", port_}});
    begin_loading();
    return port;
}

void Service::begin_loading() {
    note_progress(0);
    loading_.emplace(io_, environs_.loader, settings_.plan,
                     Loading::Callbacks{.progress = [this](double progress) { note_progress(progress); },
                                        .done = [this](Loaded loaded) { note_loaded(std::move(loaded)); }});
}

void Service::note_progress(double progress) {
    worker_.note_progress(progress);
    if (!steps_.is_due(progress, BootClock::now())) return;
    auto news = report();
    news.load_progress = progress;
    reports_.post(std::move(news));
}

void Service::note_loaded(Loaded loaded) {
    if (!loaded) return note_load_failure(loaded.error());
    worker_.open(std::move(*loaded));
    crash_point(CrashPoint::loaded_not_told);
    auto news = report();
    news.ready = true;
    news.load_progress = 1;
    news.port = port_;
    news.capabilities = worker_.capabilities();
    news.memory = worker_.memory();
    log_.info("ready", {{"model", settings_.plan.model_name},
                        {"model_hash", news.capabilities->model_hash},
                        {"slots", news.capabilities->slots},
                        {"context", news.capabilities->context.value},
                        {"batch", news.capabilities->batch},
                        {"device", reflect::name_of(news.capabilities->device.value_or(contracts::DeviceKind::cpu))}});
    reports_.post(std::move(news));
}

void Service::note_load_failure(const engine::LoadError& error) {
    failure_ = error.failure;
    const auto code = reflect::name_of(code_of(error.kind));
    log_.error("the model could not be loaded", {{"model", settings_.plan.model_name},
                                                 {"code", code},
                                                 {"message", error.failure.message},
                                                 {"remedy", error.failure.remedy}});
    auto news = report();
    news.failure = shortened(describe(error.failure), failure_bytes_max);
    news.error_code = code;
    reports_.post(std::move(news));
    reports_.when_told([this] { finish(ExitCode::failed); });
}

void Service::note_lost() {
    log_.error("the pool manager cannot be told, so this worker belongs to nobody and ends");
    if (failure_) return finish(ExitCode::failed);
    environs_.leave_at_once(ExitCode::failed);
}

void Service::drain() {
    if (worker_.is_loading()) {
        log_.info("stopped while the model was being loaded");
        return environs_.leave_at_once(failure_ ? ExitCode::failed : ExitCode::ok);
    }
    if (worker_.is_draining()) return;
    log_.info("draining");
    worker_.drain([this] { server_.drain([this] { finish(exit_code_); }); });
}

void Service::stop_now() {
    log_.warning("stopped at once");
    environs_.leave_at_once(ExitCode::interrupted);
}

void Service::finish(ExitCode code) {
    exit_code_ = code;
    log_.info("ended", {{"exit_code", static_cast<int>(code)}});
    io_.stop();
}

contracts::WorkerReady Service::report() const {
    contracts::WorkerReady news;
    news.worker_id = settings_.worker;
    return news;
}

}  // namespace rbees::workerd
