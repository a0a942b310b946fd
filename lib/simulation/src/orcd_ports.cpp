#include "orcd_ports.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "pool_node.hpp"
#include "rbees/reflect/read.hpp"
#include "worker.hpp"

namespace rbees::simulation {
namespace {

using control::AttemptEvent;
using control::StreamCut;
using control::WorkerFault;
using control::WorkerRefusal;

// As the clients of rbees-orcd have it.
constexpr Duration call_limit = std::chrono::seconds(10);

/// 2026-01-01, when every run begins.
constexpr std::chrono::milliseconds epoch{1'767'225'600'000};

class SimTimer : public control::Timer {
  public:
    explicit SimTimer(Process& process) : process_(process), turn_(std::make_shared<std::uint64_t>(0)) {}
    ~SimTimer() override { SimTimer::cancel(); }
    SimTimer(const SimTimer&) = delete;
    SimTimer& operator=(const SimTimer&) = delete;

    void set(Instant at, std::function<void()> ring) override {
        SimTimer::cancel();
        entry_ = process_.at(at, [turn = turn_, mine = *turn_, ring = std::move(ring)] {
            if (*turn == mine) ring();
        });
    }
    void cancel() override {
        ++*turn_;
        if (entry_) process_.agenda().cancel(*std::exchange(entry_, std::nullopt));
    }

  private:
    Process& process_;
    std::shared_ptr<std::uint64_t> turn_;  ///< outlives the timer: a frozen process may hold what it cancelled
    std::optional<Agenda::Entry> entry_;
};

template <class T>
AttemptEvent read_as(const std::string& data) {
    auto event = reflect::from_json_text<T>(data);
    if (event) return std::move(*event);
    return StreamCut{{WorkerFault::broken, {contracts::ErrorCode::WORKER_UNAVAILABLE, "no event", true}}};
}

AttemptEvent event_of(const pool::ExecutionEvent& event) {
    if (event.name == "start") return read_as<contracts::ExecutionStart>(event.data);
    if (event.name == "token") return read_as<contracts::ExecutionToken>(event.data);
    if (event.name == "end") return read_as<contracts::ExecutionEnd>(event.data);
    return read_as<contracts::ExecutionError>(event.data);
}

/// An attached stream: opened when it is first read.
class SimStream : public std::enable_shared_from_this<SimStream> {
  public:
    struct Target {
        Stage& stage;
        Process& orcd;
        WorkerProcess& worker;
        control::AttemptKey key;
        std::optional<std::uint64_t> after;
    };

    SimStream(Target target, control::OnEvent on_event) : target_(std::move(target)), on_event_(std::move(on_event)) {}

    void read() {
        wants_ = true;
        if (!std::exchange(is_opened_, true)) return open();
        // Never within the call.
        target_.orcd.after({}, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->deliver();
        });
    }

  private:
    void open() {
        auto& [stage, orcd, worker, key, after] = target_;
        stage.network.call<AttachAnswer>(
            {orcd, worker.process(), call_limit},
            [&worker, &orcd, key, after](const std::function<void(AttachAnswer)>& answer) {
                answer(worker.attach(orcd, key, after));
            },
            [weak = weak_from_this()](std::expected<AttachAnswer, CallFailure> answer) {
                if (const auto self = weak.lock()) self->opened(std::move(answer));
            });
    }

    void opened(std::expected<AttachAnswer, CallFailure> answer) {
        if (!answer) return cut(refusal_of(answer.error()));
        if (!*answer) return cut(answer->error());
        channel_ = std::move(**answer);
        channel_->on_news([weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->deliver();
        });
        deliver();
    }

    void deliver() {
        if (!wants_ || !channel_) return;
        if (auto event = channel_->take()) {
            wants_ = false;
            on_event_(event_of(*event));
        } else if (channel_->is_over()) {
            cut(refusal_of(CallFailure::broke_off));
        }
    }

    void cut(WorkerRefusal why) {
        if (std::exchange(wants_, false)) on_event_(StreamCut{std::move(why)});
    }

    Target target_;
    control::OnEvent on_event_;
    std::shared_ptr<EventChannel> channel_;
    bool is_opened_ = false;
    bool wants_ = false;
};

/// The only owner of a stream.
class HeldStream : public control::Attachment {
  public:
    explicit HeldStream(std::shared_ptr<SimStream> stream) : stream_(std::move(stream)) {}

    void read() override { stream_->read(); }

  private:
    std::shared_ptr<SimStream> stream_;
};

}  // namespace

WorkerRefusal refusal_of(CallFailure failure) {
    constexpr auto unavailable = contracts::ErrorCode::WORKER_UNAVAILABLE;
    switch (failure) {
        case CallFailure::refused:
            return {WorkerFault::gone, {unavailable, "nobody is at the worker's address", true}};
        case CallFailure::cut_off:
        case CallFailure::no_answer:
            return {WorkerFault::unreachable, {unavailable, "the worker does not answer", true}};
        case CallFailure::broke_off:
            break;
    }
    return {WorkerFault::broken, {unavailable, "the worker broke off", true}};
}

WallTime SimWorld::wall_now() const {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now() - Agenda::start);
    return WallTime(epoch + since + clockwork_.wall_offset);
}

std::string SimWorld::new_uuid() {
    return fmt::format("id-{:08}", ++clockwork_.ids);
}

std::string SimWorld::new_salt() {
    const auto first = clockwork_.random.next();
    return fmt::format("{:016x}{:016x}", first, clockwork_.random.next());
}

std::unique_ptr<control::Timer> SimWorld::timer() {
    return std::make_unique<SimTimer>(orcd_);
}

void SimPools::spawn(control::PoolAddress pool, contracts::SpawnWorker order, control::PoolReply reply) {
    ask(pool.url, [order = std::move(order)](PoolNode& node) { return node.spawn(order); }, std::move(reply));
}

void SimPools::stop(control::PoolAddress pool, contracts::StopWorker order, control::PoolReply reply) {
    ask(pool.url, [order = std::move(order)](PoolNode& node) { return node.stop(order); }, std::move(reply));
}

void SimPools::download(control::PoolAddress pool, contracts::DownloadModel order, control::DownloadReply reply) {
    ask(
        pool.url, [](PoolNode&) { return control::PoolAnswer{}; },
        [model = order.spec.id, reply = std::move(reply)](const control::PoolAnswer& answer) {
            if (!answer) return reply(std::unexpected(answer.error()));
            reply(contracts::DownloadReport{.model = model, .state = contracts::DownloadState::done, .phase = "ended"});
        });
}

void SimPools::remove_model(control::PoolAddress pool, ModelId, control::PoolReply reply) {
    ask(pool.url, [](PoolNode&) { return control::PoolAnswer{}; }, std::move(reply));
}

void SimPools::ask(const std::string& url, std::function<control::PoolAnswer(PoolNode&)> what,
                   control::PoolReply reply) {
    auto& node = *directory_.node(url);
    stage_.network.call<control::PoolAnswer>(
        {orcd_, node.process(), call_limit},
        [&node, what = std::move(what)](const std::function<void(control::PoolAnswer)>& answer) { answer(what(node)); },
        [reply = std::move(reply)](std::expected<control::PoolAnswer, CallFailure> answer) {
            if (answer) return reply(std::move(*answer));
            reply(std::unexpected(contracts::Problem{.code = contracts::ErrorCode::POOL_UNAVAILABLE,
                                                     .detail = "the pool manager does not answer"}));
        });
}

void SimWorkers::execute(control::WorkerAddress address, contracts::Execute order, control::WorkerReply reply) {
    auto& worker = *directory_.worker(address.url);
    stage_.network.call<WorkerAnswer>(
        {orcd_, worker.process(), call_limit},
        [&worker, ticket = address.epoch, order = std::move(order)](const std::function<void(WorkerAnswer)>& answer) {
            answer(worker.execute(ticket, order));
        },
        [reply = std::move(reply)](std::expected<WorkerAnswer, CallFailure> answer) {
            if (answer) return reply(std::move(*answer));
            reply(std::unexpected(refusal_of(answer.error())));
        });
}

std::unique_ptr<control::Attachment> SimWorkers::attach(control::WorkerAddress address, control::AttemptKey key,
                                                        std::optional<std::uint64_t> after, control::OnEvent on_event) {
    const SimStream::Target target{stage_, orcd_, *directory_.worker(address.url), std::move(key), after};
    return std::make_unique<HeldStream>(std::make_shared<SimStream>(target, std::move(on_event)));
}

void SimWorkers::acknowledge(control::WorkerAddress address, control::AttemptKey key, contracts::Acknowledge what,
                             control::AckReply reply) {
    auto& worker = *directory_.worker(address.url);
    stage_.network.call<AckAnswer>(
        {orcd_, worker.process(), call_limit},
        [&worker, key = std::move(key), what](const std::function<void(AckAnswer)>& answer) {
            answer(worker.acknowledge(key, what));
        },
        [reply = std::move(reply)](std::expected<AckAnswer, CallFailure> answer) {
            if (answer) return reply(std::move(*answer));
            reply(std::unexpected(refusal_of(answer.error())));
        });
}

void SimWorkers::ask_after(control::WorkerAddress address, control::WorkerReply reply) {
    auto& worker = *directory_.worker(address.url);
    stage_.network.call<bool>(
        {orcd_, worker.process(), call_limit}, [](const std::function<void(bool)>& answer) { answer(true); },
        [reply = std::move(reply)](std::expected<bool, CallFailure> answer) {
            if (answer) return reply({});
            reply(std::unexpected(refusal_of(answer.error())));
        });
}

void SimWorkers::cancel(control::WorkerAddress address, control::AttemptKey key) {
    auto& worker = *directory_.worker(address.url);
    stage_.network.call<bool>(
        {orcd_, worker.process(), call_limit},
        [&worker, key = std::move(key)](const std::function<void(bool)>& answer) {
            worker.cancel(key);
            answer(true);
        },
        [](const std::expected<bool, CallFailure>&) {});
}

}  // namespace rbees::simulation
