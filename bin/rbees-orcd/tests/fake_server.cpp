#include "fake_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <map>

#include "rbees/contracts/executions.hpp"
#include "rbees/http_api/answers.hpp"
#include "recorder.hpp"

namespace rbees::orcd {
namespace {

std::string header(const net::Request& request, std::string_view name) {
    return std::string(request.headers.find(name).value_or(""));
}

}  // namespace

class FakeWorker::Implementation {
    using Timer = boost::asio::steady_timer;

  public:
    Implementation(std::string id, Manner manner)
        : id_(std::move(id)), manner_(manner), recorder([this](net::Exchange& exchange) { return serve(exchange); }) {
        recorder.start();
    }
    ~Implementation() { recorder.stop(); }

    void answer(Manner manner) { manner_ = manner; }

    void release() {
        boost::asio::post(recorder.io(), [this] {
            for (auto& [task, gate] : held_) {
                gate->cancel();
            }
        });
    }

    net::Task<void> serve(net::Exchange& exchange) {
        const auto& request = exchange.request();
        if (request.path == "/cancel") {
            const auto task = reflect::from_json_text<contracts::CancelTask>(request.body).value().task_id.str();
            recorder.note([&](WorkerLog& log) { log.cancelled.push_back(task); });
            cancelled_ = task;
            if (held_.contains(task)) held_.at(task)->cancel();
            auto done = http_api::empty_answer(204);
            co_await exchange.respond(std::move(done));
            co_return;
        }
        const auto task = header(request, contracts::task_header);
        recorder.note([&](WorkerLog& log) {
            log.paths.push_back(request.path);
            log.tasks.push_back(task);
            log.epochs.push_back(header(request, contracts::epoch_header));
            log.bodies.push_back(request.body);
            log.secrets.push_back(header(request, "Authorization"));
            log.most_running = std::max(log.most_running, ++log.running);
        });
        co_await work(exchange, task);
        recorder.note([](WorkerLog& log) { --log.running; });
    }

    net::Task<void> work(net::Exchange& exchange, std::string task) {
        const Manner manner = manner_;
        if (manner == Manner::dies_before_head) co_return;
        if (manner == Manner::refuses) {
            auto refusal = http_api::json_text_answer(409, R"({"code":"CONFLICT"})");
            co_await exchange.respond(std::move(refusal));
            co_return;
        }
        if (manner == Manner::held) {
            const bool may_go_on = co_await hold(task);
            if (!may_go_on) co_return;
        }
        if (manner == Manner::whole || manner == Manner::held) {
            auto whole = http_api::json_text_answer(200, R"({"served_by":")" + id_ + "\"}");
            co_await exchange.respond(std::move(whole));
            co_return;
        }
        net::Response head;
        head.headers.set("Content-Type", "text/event-stream");
        co_await exchange.start(std::move(head));
        if (manner == Manner::floods) co_await flood(exchange);
        if (manner == Manner::events || manner == Manner::held_events) co_await stream(exchange, manner, task);
        if (manner == Manner::counts || manner == Manner::counts_and_dies) co_await count(exchange, manner);
        if (manner == Manner::dies_in_the_middle) {
            std::string half = "data: {\"n\":1}\n\ndata: {\"ha";
            co_await exchange.write(std::move(half));
        }
    }

    net::Task<void> stream(net::Exchange& exchange, Manner manner, std::string task) {
        for (int number = 1; number <= 3; ++number) {
            std::string event = "data: {\"n\":" + std::to_string(number) + ",\"by\":\"" + id_ + "\"}\n\n";
            co_await exchange.write(std::move(event));
            if (number == 1 && manner == Manner::held_events) {
                const bool may_go_on = co_await hold(task);
                if (!may_go_on) co_return;
            }
        }
        std::string done = "data: [DONE]\n\n";
        co_await exchange.write(std::move(done));
        co_await exchange.finish();
    }

    /// As a worker's engine does: the ids of tokens before their text.
    net::Task<void> count(net::Exchange& exchange, Manner manner) {
        constexpr std::size_t tokens = 6;
        const auto& request = exchange.request();
        std::size_t from = 0;
        if (request.path == "/continue") {
            from = reflect::from_json_text<contracts::Continue>(request.body).value().from.generated_ids.size();
        }
        std::string events =
            "event: rbees.start\ndata: "
            R"({"prompt_ids":[1],"seed":1,"model_hash":"m","sampling":{},"continuable":true})"
            "\n\n";
        const auto end = manner == Manner::counts ? tokens : std::min(from + 2, tokens);
        for (auto i = from; i < end; ++i) {
            events += fmt::format("event: rbees.ids\ndata: {{\"i\":{},\"ids\":[{}]}}\n\n", i, i);
            events += fmt::format("data: {{\"n\":{}}}\n\n", i);
        }
        if (manner == Manner::counts) events += "data: [DONE]\n\n";
        co_await exchange.write(std::move(events));
        if (manner == Manner::counts) co_await exchange.finish();
    }

    net::Task<void> flood(net::Exchange& exchange) {
        while (true) {
            std::string event = "data: " + std::string(16'000, 'x') + "\n\n";
            const auto size = event.size();
            const bool is_taken = co_await exchange.write(std::move(event));
            if (!is_taken) break;
            recorder.note([size](WorkerLog& log) { log.flooded += size; });
        }
        recorder.note([](WorkerLog& log) { log.has_flood_ended = true; });
    }

    /// Waits for the test. False if the task was cancelled.
    net::Task<bool> hold(std::string task) {
        auto gate = std::make_shared<Timer>(recorder.io(), Timer::time_point::max());
        held_[task] = gate;
        boost::system::error_code ended;
        co_await gate->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
        held_.erase(task);
        co_return cancelled_ != task;
    }

    std::string id_;
    std::atomic<Manner> manner_;
    Recorder<WorkerLog> recorder;
    std::map<std::string, std::shared_ptr<Timer>> held_;  ///< by task; goes before the loop of its timers
    std::string cancelled_;
};

contracts::WorkerReport ready_report(const std::string& id, const std::string& url, const std::string& model,
                                     std::uint32_t slots) {
    contracts::WorkerReport report;
    report.worker_id = WorkerId(id);
    report.model = ModelId(model);
    report.state = contracts::WorkerState::ready;
    report.url = url;
    report.secret = "secret-of-" + id;
    report.slots = slots;
    report.context = Tokens(4096);
    report.kind = contracts::ModelKind::chat;
    return report;
}

FakeWorker::FakeWorker(std::string id, Manner manner)
    : id_(std::move(id)), implementation_(std::make_unique<Implementation>(id_, manner)) {}

FakeWorker::~FakeWorker() = default;

contracts::WorkerReport FakeWorker::report(const std::string& model, std::uint32_t slots) const {
    return ready_report(id_, implementation_->recorder.url(), model, slots);
}

void FakeWorker::answer(Manner manner) {
    implementation_->answer(manner);
}

void FakeWorker::release() {
    implementation_->release();
}

WorkerLog FakeWorker::log() const {
    return implementation_->recorder.log();
}

bool FakeWorker::wait_until(const std::function<bool(const WorkerLog&)>& is_so) {
    return implementation_->recorder.wait_until(is_so);
}

class FakePoolServer::Implementation {
  public:
    Implementation() : recorder([this](net::Exchange& exchange) { return serve(exchange); }) { recorder.start(); }
    ~Implementation() { recorder.stop(); }

    void refuse(std::optional<contracts::Problem> problem) {
        recorder.note([&](Orders&) { refusal_ = std::move(problem); });
    }

    net::Task<void> serve(net::Exchange& exchange) {
        net::Response response;
        recorder.note([&](Orders& orders) { response = answer(exchange.request(), orders); });
        co_await exchange.respond(std::move(response));
    }

    net::Response answer(const net::Request& request, Orders& orders) {
        orders.tokens.push_back(header(request, "Authorization"));
        if (request.path == "/workers/spawn") {
            orders.spawned.push_back(reflect::from_json_text<contracts::SpawnWorker>(request.body).value());
        } else if (request.path == "/v2/workers/stop") {
            orders.stopped.push_back(reflect::from_json_text<contracts::StopWorker>(request.body).value().worker_id);
        } else if (request.path == "/v2/models/download") {
            orders.downloads.push_back(reflect::from_json_text<contracts::DownloadModel>(request.body).value().spec);
        } else {
            orders.deleted.push_back(request.path);
        }
        if (refusal_) return http_api::problem_answer(*refusal_, contracts::ErrorShape::problem, "request");
        if (request.path != "/v2/models/download") return http_api::json_text_answer(202, "{}");
        return http_api::json_answer(202, contracts::DownloadReport{.model = orders.downloads.back().id});
    }

    std::optional<contracts::Problem> refusal_;
    Recorder<Orders> recorder;
};

FakePoolServer::FakePoolServer() : implementation_(std::make_unique<Implementation>()) {}

FakePoolServer::~FakePoolServer() = default;

std::string FakePoolServer::url() const {
    return implementation_->recorder.url();
}

void FakePoolServer::refuse(std::optional<contracts::Problem> problem) {
    implementation_->refuse(std::move(problem));
}

Orders FakePoolServer::orders() const {
    return implementation_->recorder.log();
}

bool FakePoolServer::wait_until(const std::function<bool(const Orders&)>& is_so) {
    return implementation_->recorder.wait_until(is_so);
}

}  // namespace rbees::orcd
