#include "task_worker.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <limits>
#include <set>
#include <utility>

#include "fake_server.hpp"
#include "rbees/net/sse.hpp"
#include "recorder.hpp"

namespace rbees::orcd {
namespace {

template <class T>
std::string event(std::string name, const T& data) {
    return net::format_sse({std::move(name), reflect::to_json_text(data), std::nullopt});
}

/// "JOB/ATTEMPT" of "/execute/JOB/ATTEMPT[/ack]".
std::string key_of(const std::string& path) {
    auto key = path.substr(std::string_view("/execute/").size());
    if (key.ends_with("/ack")) key.resize(key.size() - 4);
    return key;
}

}  // namespace

class TaskWorker::Implementation {
    using Timer = boost::asio::steady_timer;

  public:
    explicit Implementation(std::vector<std::string> script)
        : script_(std::move(script)), recorder([this](net::Exchange& exchange) { return serve(exchange); }) {
        recorder.start();
    }
    ~Implementation() { recorder.stop(); }

    void allow(std::size_t tokens) {
        boost::asio::post(recorder.io(), [this, tokens] {
            allowed_ = tokens;
            wake();
        });
    }

    net::Task<void> serve(net::Exchange& exchange) {
        const auto& request = exchange.request();
        if (request.method == "GET") {
            co_await stream(exchange);
            co_return;
        }
        auto response = answer(request);
        co_await exchange.respond(std::move(response));
    }

    net::Response answer(const net::Request& request) {
        if (request.path == "/execute") {
            const auto order = reflect::from_json_text<contracts::Execute>(request.body).value();
            recorder.note([&](TaskWorkerLog& log) { log.orders.push_back(order); });
            return http_api::json_answer(202, contracts::ExecutionAccepted{order.job_id, order.attempt});
        }
        if (request.path.ends_with("/ack")) return http_api::json_answer(200, contracts::Acknowledged{60'000});
        const auto key = key_of(request.path);
        cancelled_.insert(key);
        wake();
        recorder.note([&](TaskWorkerLog& log) { log.cancelled.push_back(key); });
        return http_api::empty_answer(202);
    }

    net::Task<void> stream(net::Exchange& exchange) {
        const auto key = key_of(exchange.request().path);
        const auto after = exchange.request().query_value("after");
        auto next = after ? std::stoul(std::string(*after)) + 1 : 0;
        auto timer = std::make_shared<Timer>(recorder.io());
        gates_.insert(timer);
        recorder.note([](TaskWorkerLog& log) { ++log.attached; });
        net::Response head;
        head.headers.set("Content-Type", "text/event-stream");
        co_await exchange.start(std::move(head));
        auto text = event("start", contracts::ExecutionStart{{1, 2, 3}, 7, "hash", {}, true});
        bool is_there = co_await exchange.write(std::move(text));
        while (is_there && !cancelled_.contains(key) && next <= script_.size()) {
            if (next >= allowed_) {
                timer->expires_at(Timer::time_point::max());
                boost::system::error_code ended;
                co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
                continue;
            }
            auto said = next < script_.size() ? token(next) : end();
            is_there = co_await exchange.write(std::move(said));
            ++next;
        }
        gates_.erase(timer);
        if (is_there) co_await exchange.finish();
    }

    std::vector<std::string> script_;
    std::size_t allowed_ = std::numeric_limits<std::size_t>::max();
    std::set<std::string> cancelled_;
    Recorder<TaskWorkerLog> recorder;
    std::set<std::shared_ptr<Timer>> gates_;  ///< goes before the loop of its timers

  private:
    [[nodiscard]] std::string token(std::size_t index) const {
        const auto id = static_cast<std::int32_t>(1'000 + index);
        return event("token", contracts::ExecutionToken{index, {id}, script_[index], std::nullopt});
    }

    [[nodiscard]] std::string end() const {
        const Tokens said(script_.size());
        return event("end", contracts::ExecutionEnd{"stop", {Tokens(3), said, Tokens(3) + said}, std::nullopt});
    }

    void wake() {
        for (const auto& gate : gates_) {
            gate->cancel();
        }
    }
};

TaskWorker::TaskWorker(std::string id, std::vector<std::string> script)
    : id_(std::move(id)), implementation_(std::make_unique<Implementation>(std::move(script))) {}

TaskWorker::~TaskWorker() = default;

contracts::WorkerReport TaskWorker::report(const std::string& model, std::uint32_t slots) const {
    return ready_report(id_, implementation_->recorder.url(), model, slots);
}

void TaskWorker::allow(std::size_t tokens) {
    implementation_->allow(tokens);
}

TaskWorkerLog TaskWorker::log() const {
    return implementation_->recorder.log();
}

bool TaskWorker::wait_until(const std::function<bool(const TaskWorkerLog&)>& is_so) {
    return implementation_->recorder.wait_until(is_so);
}

}  // namespace rbees::orcd
