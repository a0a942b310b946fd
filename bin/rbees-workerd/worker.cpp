#include "worker.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "bell.hpp"
#include "limits.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/reflect/describe.hpp"
#include "refusals.hpp"
#include "resident_memory.hpp"

namespace rbees::workerd {
namespace {

constexpr std::uint32_t wire_protocol = 1;

constexpr std::array engine_routes{
    std::pair{"chat", engine::Operation::chat},
    std::pair{"completion", engine::Operation::completion},
    std::pair{"embedding", engine::Operation::embedding},
    std::pair{"rerank", engine::Operation::rerank},
    std::pair{"tokenize", engine::Operation::tokenize},
    std::pair{"detokenize", engine::Operation::detokenize},
    std::pair{"apply_template", engine::Operation::apply_template},
};

contracts::ModelKind kind_on_the_wire(engine::Kind kind) {
    switch (kind) {
        case engine::Kind::chat:
            return contracts::ModelKind::chat;
        case engine::Kind::embedding:
            return contracts::ModelKind::embedding;
        case engine::Kind::rerank:
            return contracts::ModelKind::rerank;
    }
    RBEES_ASSERT(false);
}

std::optional<std::uint32_t> step_ms(std::optional<Duration> step) {
    if (!step) return std::nullopt;
    return static_cast<std::uint32_t>(std::chrono::round<std::chrono::milliseconds>(*step).count());
}

net::Task<void> refuse(http_api::Call& call, contracts::Problem problem) {
    auto refusal = call.refuse(problem);
    co_await call.exchange.respond(std::move(refusal));
}

}  // namespace

Worker::Worker(net::IoContext& io, Identity identity, Logger log, pool::ExecutionLimits limits)
    : io_(io),
      identity_(std::move(identity)),
      log_(std::move(log)),
      started_(BootClock::now()),
      tasks_(std::make_shared<TaskBook>()),
      metrics_("rbees-workerd"),
      engine_metrics_(metrics_),
      limits_(limits) {}

/// What still runs is cut off, so nobody is to be told that it has ended.
Worker::~Worker() {
    tasks_->when_idle({});
}

http_api::Handlers Worker::handlers() {
    http_api::Handlers handlers;
    for (const auto& [name, operation] : engine_routes) {
        handlers.bind(name,
                      [this, operation](http_api::Call& call) { return infer(call, operation, Beginning::anew); });
    }
    handlers.bind("continue",
                  [this](http_api::Call& call) { return infer(call, engine::Operation::chat, Beginning::elsewhere); });
    for (const auto& [name, route] : {std::pair{"execute", &Executions::begin}, {"execution", &Executions::attach}}) {
        handlers.bind(name, [this, route](http_api::Call& call) { return execute(call, route); });
    }
    for (const auto& [name, route] :
         {std::pair{"execution_ack", &Executions::acknowledge}, {"execution_cancel", &Executions::cancel}}) {
        handlers.answer(name, [this, route](const http_api::Call& call) { return execute(call, route); });
    }
    handlers.bind("shutdown", [this](http_api::Call& call) { return shut_down(call); });
    handlers.answer("cancel", [this](const http_api::Call& call) { return cancel(call); });
    handlers.answer("health", [this](const http_api::Call&) { return http_api::json_answer(200, health()); });
    handlers.bind("metrics", [this](http_api::Call& call) { return answer_metrics(call); });
    handlers.answer("capabilities", [this](const http_api::Call& call) { return answer_capabilities(call); });
    return handlers;
}

http_api::AccessCheck Worker::access() const {
    return [this](const contracts::Route&,
                  const net::Request& request) -> std::expected<http_api::Caller, contracts::Problem> {
        const auto shown = http_api::shown_secret(request);
        if (!shown) return std::unexpected(http_api::secret_missing());
        if (!equal_in_constant_time(*shown, identity_.secret)) return std::unexpected(http_api::secret_wrong());
        return http_api::Caller{};
    };
}

void Worker::open(std::unique_ptr<engine::Engine> engine) {
    RBEES_ASSERT(!inference_);
    inference_ = std::make_unique<Inference>(
        std::move(engine),
        Inference::Surroundings{io_, epochs_, identity_.worker, tasks_, metrics_, log_.module("inference")});
    limits_.executions_max = inference_->engine().capabilities().slots + waiting_answers_max;
    executions_ =
        std::make_unique<Executions>(Executions::Surroundings{io_, inference_->engine(), epochs_, identity_.worker,
                                                              tasks_, metrics_, log_.module("executions")},
                                     limits_);
    progress_ = 1;
    if (phase_ == Phase::loading) phase_ = Phase::serving;
}

void Worker::drain(std::function<void()> drained) {
    phase_ = Phase::draining;
    if (executions_) executions_->close();
    tasks_->when_idle(std::move(drained));
}

contracts::WorkerCapabilities Worker::capabilities() const {
    RBEES_ASSERT(inference_);
    const auto& engine = inference_->engine().capabilities();
    return {.protocol = wire_protocol,
            .model = identity_.model,
            .model_hash = engine.model_hash,
            .kind = kind_on_the_wire(engine.kind),
            .context = engine.context,
            .slots = engine.slots,
            .batch = engine.batch,
            .step_ms = step_ms(engine.step),
            .ids = engine.kind == engine::Kind::chat,
            .continue_ = engine.kind == engine::Kind::chat,
            .keep = false,
            .tools = engine.tools,
            .grammar = engine.grammar,
            .device = reflect::value_of<contracts::DeviceKind>(engine.device)};
}

std::optional<Bytes> Worker::memory() const {
    const auto on_gpu = inference_ ? inference_->engine().capabilities().gpu_memory : std::nullopt;
    return on_gpu ? on_gpu : resident_memory();
}

net::Task<void> Worker::infer(http_api::Call& call, engine::Operation operation, Beginning beginning) {
    if (phase_ != Phase::serving) {
        co_await refuse(call, not_serving());
        co_return;
    }
    co_await inference_->serve(call, operation, beginning);
}

/// Also while draining: what runs is read, acknowledged and cancelled until it has ended.
net::Task<void> Worker::execute(http_api::Call& call, Route route) {
    if (executions_) return (executions_.get()->*route)(call);
    return refuse(call, not_serving());
}

net::Response Worker::execute(const http_api::Call& call, PlainRoute route) {
    if (executions_) return (executions_.get()->*route)(call);
    return call.refuse(not_serving());
}

net::Task<void> Worker::shut_down(http_api::Call& call) {
    log_.info("told to stop", {{"request_id", call.request_id}});
    auto answer = http_api::empty_answer(call.route.status);
    co_await call.exchange.respond(std::move(answer));
    if (told_to_stop_) told_to_stop_();
}

net::Response Worker::cancel(const http_api::Call& call) {
    const auto body = http_api::read_body<contracts::CancelTask>(call.request());
    if (!body) return call.refuse(body.error());
    if (!is_valid_id(body->task_id.str())) {
        return call.refuse({.code = contracts::ErrorCode::INVALID_PARAMS,
                            .detail = "the body is not valid",
                            .errors = {{"/task_id", "must be 1 to 128 of letters, digits and ._:-"}}});
    }
    tasks_->cancel(body->task_id, BootClock::now());
    log_.debug("cancelled", {{"task", body->task_id.str()}, {"request_id", call.request_id}});
    return http_api::empty_answer(call.route.status);
}

net::Response Worker::answer_capabilities(const http_api::Call& call) const {
    if (!inference_) return call.refuse(not_serving());
    return http_api::json_answer(200, capabilities());
}

net::Task<void> Worker::answer_metrics(http_api::Call& call) {
    if (inference_) co_await count_engine();
    const auto uptime = std::chrono::duration<double>(BootClock::now() - started_);
    metrics_.set("worker_uptime_seconds", uptime.count());
    if (executions_) executions_->update_metrics();
    auto answer = metrics_.answer();
    co_await call.exchange.respond(std::move(answer));
}

/// Asks the engine on another thread, since it may be in the middle of a long step. While another one asks already,
/// what was known before stays.
net::Task<void> Worker::count_engine() {
    struct Question {
        explicit Question(net::IoContext& io) : is_answered(io) {}
        Bell is_answered;
        std::optional<engine::Counters> counters;
    };
    auto question = std::make_shared<Question>(io_);
    const auto admission = counting_.start([&io = io_, &engine = inference_->engine(), question]() mutable {
        const auto counters = engine.counters();
        boost::asio::post(io, [question = std::move(question), counters] {
            question->counters = counters;
            question->is_answered.ring();
        });
    });
    if (admission == Admission::full) co_return;
    while (!question->counters) {
        co_await question->is_answered.wait();
    }
    engine_metrics_.update(*question->counters);
}

/// Asks nobody: who asks after its health is to get an answer whatever the engine does.
contracts::WorkerHealth Worker::health() const {
    constexpr std::array names{"loading", "healthy", "draining"};
    const auto uptime = std::chrono::duration<double>(BootClock::now() - started_);
    contracts::WorkerHealth health{.status = names.at(static_cast<std::size_t>(phase_)),
                                   .model = identity_.model,
                                   .load_progress = progress_,
                                   .uptime_seconds = uptime.count()};
    health.memory = memory();
    if (!inference_) return health;
    const auto load = inference_->engine().load();
    health.slots = inference_->engine().capabilities().slots;
    health.slots_busy = load.slots_busy;
    health.queued = load.queued;
    return health;
}

contracts::Problem Worker::not_serving() const {
    return phase_ == Phase::draining ? not_taking_work(identity_.model) : still_loading(identity_.model, progress_);
}

}  // namespace rbees::workerd
