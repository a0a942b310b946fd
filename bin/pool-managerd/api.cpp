#include "api.hpp"

#include <fmt/format.h>

#include <memory>

#include "rbees/base/crash_point.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/http_api/build.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::poold {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using http_api::Call;
using net::Response;

constexpr std::string_view report_operation = "worker_ready";

/// A result as an answer of that status.
template <class T>
Response answer(const Call& call, const std::expected<T, Problem>& result) {
    if (!result) return call.refuse(result.error());
    return http_api::json_answer(call.route.status, *result);
}

/// The handlers; each is one route.
class Routes {
  public:
    explicit Routes(ApiParts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] Response health(const Call& call) const {
        return http_api::json_answer(call.route.status,
                                     contracts::Health{.status = parts_.is_stopping() ? "draining" : "healthy",
                                                       .node_type = "pool",
                                                       .agent = "pool-managerd",
                                                       .version = http_api::this_build().version});
    }

    [[nodiscard]] Response metrics(const Call& /*call*/) const {
        update_gauges();
        return parts_.metrics.answer();
    }

    [[nodiscard]] Response spawn(const Call& call) const {
        const auto order = http_api::read_body<contracts::SpawnWorker>(call.request());
        if (!order) return call.refuse(order.error());
        if (parts_.is_stopping()) {
            return call.refuse({.code = ErrorCode::POOL_UNAVAILABLE, .detail = "this pool manager is stopping"});
        }
        return answer(call, parts_.workers.spawn(*order));
    }

    [[nodiscard]] Response stop(const Call& call) const {
        const auto order = http_api::read_body<contracts::StopWorker>(call.request());
        if (!order) return call.refuse(order.error());
        std::optional<Duration> grace;
        if (order->grace_ms) grace = std::chrono::milliseconds(*order->grace_ms);
        return answer(call, parts_.workers.stop(order->worker_id, grace));
    }

    [[nodiscard]] Response drain(const Call& call) const {
        return answer(call, parts_.workers.stop(WorkerId(call.parameter("id")), std::nullopt));
    }

    [[nodiscard]] Response workers(const Call& call) const {
        return http_api::json_answer(call.route.status, parts_.workers.reports(Secrets::left_out));
    }

    [[nodiscard]] Response worker(const Call& call) const {
        const WorkerId id(call.parameter("id"));
        const auto report = parts_.workers.report(id);
        if (report) return http_api::json_answer(call.route.status, *report);
        return call.refuse(
            {.code = ErrorCode::WORKER_NOT_FOUND, .detail = fmt::format("this node has no worker {}", id.str())});
    }

    [[nodiscard]] Response worker_ready(const Call& call) const {
        const auto report = http_api::read_body<contracts::WorkerReady>(call.request());
        if (!report) return call.refuse(report.error());
        if (report->worker_id.str() != call.caller.id) {
            return call.refuse({.code = ErrorCode::FORBIDDEN, .detail = "a worker can only report on itself"});
        }
        if (report->ready) crash_point(CrashPoint::ready_not_told);
        if (auto taken = parts_.workers.take_report(*report); !taken) return call.refuse(taken.error());
        return http_api::empty_answer(call.route.status);
    }

    [[nodiscard]] Response state(const Call& call) const {
        auto status = parts_.status();
        status.workers = parts_.workers.reports(Secrets::left_out);
        return http_api::json_answer(call.route.status, status);
    }

    [[nodiscard]] Response devices(const Call& call) const {
        return http_api::json_answer(call.route.status, parts_.devices());
    }

    [[nodiscard]] Response models(const Call& call) const {
        return http_api::json_answer(call.route.status, parts_.store.reports());
    }

    [[nodiscard]] Response download(const Call& call) const {
        auto order = http_api::read_body<contracts::DownloadModel>(call.request());
        if (!order) return call.refuse(order.error());
        const auto recheck = order->verify.value_or(false) ? Recheck::always : Recheck::where_changed;
        return answer(call, parts_.downloads.start(std::move(order->spec), recheck));
    }

    [[nodiscard]] Response remove_model(const Call& call) const {
        const ModelId id(call.parameter("id"));
        if (parts_.workers.uses(id)) {
            return call.refuse({.code = ErrorCode::CONFLICT,
                                .detail = fmt::format("the model {} is loaded", id.str()),
                                .hint = fmt::format("rbees models unload {}", id.str())});
        }
        const auto cancelled = parts_.downloads.cancel(id);
        const auto* model = parts_.store.find(id);
        const auto damaged = parts_.store.damaged().find(id);
        if (damaged != parts_.store.damaged().end()) model = &damaged->second.manifest;
        if (model == nullptr) {
            if (cancelled != Cancelled::nothing) return http_api::empty_answer(call.route.status);
            return call.refuse({.code = ErrorCode::MODEL_NOT_FOUND,
                                .detail = fmt::format("the model {} is not on this node's disk", id.str())});
        }
        const auto manifest = *model;
        if (auto removed = parts_.store.remove(id); !removed) {
            return call.refuse({.code = ErrorCode::STORAGE_FAILED, .detail = describe(removed.error())});
        }
        parts_.removed(manifest);
        parts_.changed();
        return http_api::empty_answer(call.route.status);
    }

    [[nodiscard]] Response shut_down(const Call& call) const {
        const auto order = http_api::read_body<contracts::ShutdownPool>(call.request());
        if (!order) return call.refuse(order.error());
        parts_.shut_down(order->workers.value_or(contracts::WorkersAtExit::keep));
        return http_api::empty_answer(call.route.status);
    }

  private:
    void update_gauges() const {
        std::map<std::string, double> states;
        for (const auto& report : parts_.workers.reports(Secrets::left_out)) {
            states[std::string(reflect::name_of(report.state))] += 1;
        }
        std::vector<http_api::GaugeValue> workers;
        for (const auto& [state, count] : states) {
            workers.push_back({{state}, count});
        }
        std::vector<http_api::GaugeValue> total;
        std::vector<http_api::GaugeValue> allocated;
        for (const auto& device : parts_.devices()) {
            if (device.kind == contracts::DeviceKind::cpu) continue;
            total.push_back({{device.id}, static_cast<double>(device.memory_total.value)});
            allocated.push_back(
                {{device.id}, static_cast<double>(device.memory_total.value - device.memory_free.value)});
        }
        parts_.metrics.replace("pool_mgr_workers_total", workers);
        parts_.metrics.set("pool_mgr_gpus_total", static_cast<double>(total.size()));
        parts_.metrics.replace("pool_mgr_gpu_vram_total_bytes", total);
        parts_.metrics.replace("pool_mgr_gpu_vram_allocated_bytes", allocated);
    }

    ApiParts parts_;
};

}  // namespace

http_api::Handlers api_handlers(ApiParts parts) {
    const auto routes = std::make_shared<Routes>(std::move(parts));
    http_api::Handlers handlers;
    const auto bind = [&](std::string_view operation, Response (Routes::*handler)(const Call&) const) {
        handlers.answer(operation, [routes, handler](const Call& call) { return ((*routes).*handler)(call); });
    };
    bind("health", &Routes::health);
    bind("metrics", &Routes::metrics);
    bind("spawn", &Routes::spawn);
    bind("start", &Routes::spawn);
    bind("stop", &Routes::stop);
    bind("workers", &Routes::workers);
    bind("worker", &Routes::worker);
    bind("drain", &Routes::drain);
    bind("state", &Routes::state);
    bind("devices", &Routes::devices);
    bind("models", &Routes::models);
    bind("download", &Routes::download);
    bind("model_delete", &Routes::remove_model);
    bind(report_operation, &Routes::worker_ready);
    bind("shutdown", &Routes::shut_down);
    return handlers;
}

http_api::AccessCheck api_access(const WorkerPool& workers, std::string call_token) {
    return [&workers, call_token = std::move(call_token)](
               const contracts::Route& route, const net::Request& request) -> std::expected<http_api::Caller, Problem> {
        const auto secret = http_api::shown_secret(request);
        if (!secret) return std::unexpected(http_api::secret_missing());
        if (route.operation == report_operation) {
            const auto owner = workers.owner_of(*secret);
            if (!owner) return std::unexpected(http_api::secret_wrong());
            if (!http_api::is_from_loopback(request)) {
                return std::unexpected(Problem{.code = ErrorCode::FORBIDDEN, .detail = "only workers of this machine"});
            }
            return http_api::Caller{.id = owner->str()};
        }
        if (!equal_in_constant_time(*secret, call_token)) return std::unexpected(http_api::secret_wrong());
        return http_api::Caller{.id = "orchestrator"};
    };
}

}  // namespace rbees::poold
