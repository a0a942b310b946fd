#pragma once
/// @file
/// The handlers of orcd's routes, for one I/O thread. Each turns a request into a question to the control thread, and
/// its answer into a response.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "control/ask.hpp"
#include "control/control.hpp"
#include "gateway/gateway.hpp"
#include "rbees/control/view_building.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/http_api/metrics.hpp"
#include "rbees/http_api/router.hpp"

namespace rbees::orcd {

/// Heartbeats that are being held open on this thread; ended early when the process stops.
class HeldHeartbeats;

/// Streams of tasks that clients of this thread follow; likewise.
class TaskStreams;

/// What the handlers of one I/O thread work with.
struct ApiParts {
    net::IoContext& io;
    Control& control;
    const ViewHolder& holder;
    Gateway& gateway;
    http_api::Metrics& metrics;
    std::uint16_t thread;  ///< tells the I/O threads apart
};

class Api {
  public:
    /// `shut_down` is called once when a client asks for it. What `parts` refers to must outlive the object.
    Api(ApiParts parts, std::function<void()> shut_down);
    ~Api();
    Api(const Api&) = delete;
    Api& operator=(const Api&) = delete;

    /// Every operation of contracts::orcd_routes().
    [[nodiscard]] http_api::Handlers handlers();

    /// Lets go every held heartbeat and ends every task's stream, so that the process can drain.
    void release_held();

  private:
    void bind_operations(http_api::Handlers& handlers);
    void bind_openai(http_api::Handlers& handlers);
    void bind_nodes(http_api::Handlers& handlers);
    void bind_workers(http_api::Handlers& handlers);
    void bind_models(http_api::Handlers& handlers);
    void bind_tasks(http_api::Handlers& handlers);
    void bind_sessions(http_api::Handlers& handlers);
    void bind_tokens(http_api::Handlers& handlers);
    void bind_audit(http_api::Handlers& handlers);

    [[nodiscard]] net::Task<void> ready(http_api::Call& call);
    [[nodiscard]] net::Task<void> scrape(http_api::Call& call);
    [[nodiscard]] net::Task<void> register_node(http_api::Call& call);
    [[nodiscard]] net::Task<void> heartbeat(http_api::Call& call);
    [[nodiscard]] net::Task<void> start_worker(http_api::Call& call);
    [[nodiscard]] net::Task<void> one_worker(http_api::Call& call);
    [[nodiscard]] net::Task<void> stop_worker(http_api::Call& call);
    [[nodiscard]] net::Task<void> add_model(http_api::Call& call);
    [[nodiscard]] net::Task<void> create_token(http_api::Call& call);
    [[nodiscard]] net::Task<void> submit_task(http_api::Call& call);
    [[nodiscard]] net::Task<void> list_tasks(http_api::Call& call);
    [[nodiscard]] net::Task<void> one_task(http_api::Call& call);
    [[nodiscard]] net::Task<void> task_events(http_api::Call& call);
    [[nodiscard]] net::Task<void> create_session(http_api::Call& call);
    [[nodiscard]] net::Task<void> list_sessions(http_api::Call& call);
    [[nodiscard]] net::Task<void> close_session(http_api::Call& call);

    /// The task that the call names, as far as the caller may see it.
    struct FoundTask {
        orchestrator::Job job;
        std::optional<std::uint64_t> queue_position;
    };
    using Finder = void (control::JobControl::*)(const JobId& id, control::JobReply reply);
    [[nodiscard]] net::Task<Checked<FoundTask>> find_task(http_api::Call& call, Finder find);
    [[nodiscard]] net::Task<void> audit(http_api::Call& call);
    [[nodiscard]] net::Task<void> create_backup(http_api::Call& call);

    template <class Action>
    using ModelVerb = void (ModelControl::*)(const std::string&, const Action&, ModelReply);
    template <class Action>
    [[nodiscard]] net::Task<void> act_on_model(http_api::Call& call, ModelVerb<Action> verb);

    /// Asks the control thread and answers with what it says.
    template <class T>
    [[nodiscard]] net::Task<void> answer_with(http_api::Call& call, std::function<void(Answerer<Checked<T>>)> question);
    [[nodiscard]] net::Task<void> answer_done(http_api::Call& call, std::function<void(Answerer<Done>)> question);

    /// What takes long, on the thread for that; refused with CONFLICT while it has other work.
    template <class T>
    using LongQuestion = std::function<Checked<T>(const std::stop_token& stop)>;
    template <class T>
    [[nodiscard]] net::Task<void> answer_with_long_work(http_api::Call& call, LongQuestion<T> work);

    net::IoContext& io_;
    Control& control_;
    const ViewHolder& holder_;
    Gateway& gateway_;
    http_api::Metrics& metrics_;
    std::function<void()> shut_down_;
    std::shared_ptr<HeldHeartbeats> held_;
    std::unique_ptr<TaskStreams> streams_;
};

template <class T>
net::Task<void> Api::answer_with(http_api::Call& call, std::function<void(Answerer<Checked<T>>)> question) {
    const auto answer = co_await ask<Checked<T>>(control_.io(), std::move(question));
    auto response = answer ? http_api::json_answer(call.route.status, *answer) : call.refuse(answer.error());
    co_await call.exchange.respond(std::move(response));
}

}  // namespace rbees::orcd
