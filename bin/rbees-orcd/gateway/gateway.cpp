#include "gateway/gateway.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <set>
#include <utility>

#include "control/ask.hpp"
#include "gateway/inspection.hpp"
#include "gateway/trail.hpp"
#include "orcd_limits.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/contracts/limits.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/control/model_choice.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

/// A long prompt on a slow machine takes minutes to its first token; a worker that is dead is noticed by its pool
/// manager long before.
constexpr net::Timeouts worker_timeouts{
    .connect = std::chrono::seconds(2), .head = std::chrono::minutes(15), .body = std::chrono::minutes(5)};

Problem worker_gone(std::string_view when) {
    return {.code = ErrorCode::WORKER_UNAVAILABLE,
            .detail = fmt::format("the worker died {}", when),
            .hint = "send the request again",
            .retry_after_ms = 1'000};
}

std::string error_event(const Problem& problem, const std::string& request_id) {
    return fmt::format("data: {}\n\n", reflect::to_json_text(contracts::openai_error_body(problem, request_id)));
}

/// A worker that does not want the request: its ticket is of an old epoch, it drains, or others fill its slots.
bool is_for_another(int status) {
    return status == 409 || status == 503 || status == 429;
}

}  // namespace

/// One request on its way: what the client's departure must stop.
struct Gateway::Journey {
    http_api::Call& call;
    ModelId model;
    std::string task;
    std::set<WorkerId> avoid;
    bool left = false;
    std::optional<orchestrator::WaitId> waiting;
    std::optional<orchestrator::RoutableWorker> worker;  ///< that works on it now
    net::ClientStream* stream = nullptr;                 ///< that is being read
    bool has_begun = false;                              ///< the client got the head of a stream
    Trail trail;                                         ///< of that stream
};

Gateway::Gateway(net::IoContext& io, Control& control, const ViewHolder& holder, http_api::Metrics& metrics,
                 std::uint16_t thread)
    : io_(io),
      control_(control),
      holder_(holder),
      client_(io, limits::idle_connections_per_worker),
      failovers_(metrics.counter("rbees_failovers_total")),
      continuations_(metrics.counter("rbees_continuations_total")),
      cancels_(metrics.counter("rbees_cancels_total")),
      queue_wait_(metrics.histogram("rbees_queue_wait_seconds")),
      next_wait_(std::uint64_t{thread} << 48) {}

net::Task<void> Gateway::serve(http_api::Call& call, contracts::ModelKind needed) {
    const auto named = model_named_in(call.request().body);
    if (!named) {
        co_await http_api::answer_refused(call, named.error());
        co_return;
    }
    Journey journey{.call = call, .model = {}, .task = new_uuid(), .avoid = {}, .waiting = {}, .worker = {}};
    call.exchange.when_client_leaves([this, &journey] { client_left(journey); });
    auto model = co_await find_model(journey, *named, needed);
    if (journey.left) co_return;
    if (!model) {
        co_await refuse(journey, model.error());
        co_return;
    }
    journey.model = std::move(*model);
    for (int attempt = 0; attempt < limits::attempts_max; ++attempt) {
        auto slot = co_await obtain_slot(journey);
        if (journey.left) co_return;
        if (!slot) {
            co_await refuse(journey, slot.error());
            co_return;
        }
        const auto outcome = co_await dispatch(journey, std::move(*slot));
        if (outcome == Outcome::answered || journey.left) co_return;
    }
    co_await refuse(journey, worker_gone("before it answered, and so did others"));
}

net::Task<Checked<ModelId>> Gateway::find_model(Journey& journey, std::string named, contracts::ModelKind needed) {
    auto model = control::choose_model(*holder_.view, named, needed);
    // As long as nodes are still to come, a model that is missing may be on one of them, and the default be another.
    if (holder_.view->is_complete || (model && !named.empty())) co_return model;
    const orchestrator::WaitId id{++next_wait_};
    journey.waiting = id;
    std::function<void(Answerer<Done>)> question = [&control = control_, id](auto reply) {
        control.demand().wait_for_nodes(id, std::move(reply));
    };
    const auto came = co_await ask<Done>(control_.io(), std::move(question));
    journey.waiting.reset();
    if (!came) co_return std::unexpected(came.error());
    co_return control::choose_model(*holder_.view, named, needed);
}

net::Task<SlotAnswer> Gateway::obtain_slot(Journey& journey) {
    auto ticket = take_slot(*holder_.view, journey.model, journey.avoid, orchestrator::Claim::newcomer, slot_freed());
    if (ticket) co_return std::move(*ticket);
    const auto started = BootClock::now();
    const orchestrator::WaitId id{++next_wait_};
    journey.waiting = id;
    std::function<void(Answerer<SlotAnswer>)> question = [&control = control_, id, model = journey.model,
                                                          owner = TokenId(journey.call.caller.id)](auto reply) {
        control.demand().wait_for_slot(id, model, owner, std::move(reply));
    };
    auto answer = co_await ask<SlotAnswer>(control_.io(), std::move(question));
    journey.waiting.reset();
    queue_wait_.observe(BootClock::now() - started);
    co_return answer;
}

net::Task<Gateway::Outcome> Gateway::dispatch(Journey& journey, orchestrator::Ticket ticket) {
    journey.worker = ticket.worker();
    auto request = worker_request(journey, ticket);
    const auto opened = co_await client_.open(std::move(request));
    if (journey.left) co_return Outcome::answered;
    if (!opened) {
        if (opened.error().kind != net::ClientErrorKind::timed_out) co_return failed_over(journey);
        Problem problem{.code = ErrorCode::WORKER_TIMEOUT,
                        .detail = fmt::format("the worker gave no answer within {}", describe(worker_timeouts.head)),
                        .retry_after_ms = 10'000};
        co_return co_await refuse(journey, std::move(problem));
    }
    auto& stream = **opened;
    if (journey.has_begun && stream.status() != 200) {
        // It cannot be continued there; so another one may try only if this one was busy.
        const bool is_busy = stream.status() == 429 || stream.status() == 503;
        if (is_busy) co_return failed_over(journey);
        co_return co_await refuse(journey, worker_gone("in the middle of the answer, and no other can go on with it"));
    }
    if (is_for_another(stream.status())) co_return failed_over(journey);
    journey.stream = &stream;
    const auto type = stream.headers().find("content-type").value_or("");
    const bool is_stream = type.starts_with("text/event-stream");
    auto relay = is_stream ? relay_events(journey, stream) : relay_whole(journey, stream);
    const auto outcome = co_await std::move(relay);
    journey.stream = nullptr;
    journey.worker.reset();
    co_return outcome;
}

net::Task<Gateway::Outcome> Gateway::relay_whole(Journey& journey, net::ClientStream& stream) {
    std::string body;
    while (true) {
        const auto piece = co_await stream.read();
        if (journey.left) co_return Outcome::answered;
        if (!piece) co_return failed_over(journey);
        if (piece->empty()) break;
        body += *piece;
        if (Bytes(body.size()) > contracts::whole_answer_max) {
            co_return co_await refuse(journey, contracts::answer_too_large());
        }
    }
    net::Response response{.status = stream.status(), .headers = {}, .body = std::move(body)};
    response.headers.set("Content-Type", stream.headers().find("content-type").value_or("application/json"));
    response.headers.set(contracts::worker_header, journey.worker->id.str());
    co_await journey.call.exchange.respond(std::move(response));
    co_return Outcome::answered;
}

net::Task<Gateway::Outcome> Gateway::relay_events(Journey& journey, net::ClientStream& stream) {
    auto& exchange = journey.call.exchange;
    while (true) {
        auto piece = co_await stream.read();
        if (journey.left) co_return Outcome::answered;
        if (!piece && !journey.has_begun) {
            journey.trail = {};
            co_return failed_over(journey);
        }
        if (!piece) co_return co_await broke_off(journey);
        const bool is_end = piece->empty();
        auto bytes = is_end ? journey.trail.rest() : journey.trail.pass(std::move(*piece));
        if (!journey.has_begun && (is_end || !bytes.empty())) {
            journey.has_begun = co_await start_events(journey, stream.status());
            if (!journey.has_begun) co_return Outcome::answered;
        }
        bool is_there = true;
        if (!bytes.empty()) is_there = co_await exchange.write(std::move(bytes));
        if (!is_there) {
            client_left(journey);
            co_return Outcome::answered;
        }
        if (is_end) break;
    }
    co_await exchange.finish();
    co_return Outcome::answered;
}

/// The worker died in the middle of a stream.
net::Task<Gateway::Outcome> Gateway::broke_off(Journey& journey) {
    if (journey.trail.can_continue()) {
        continuations_.add();
        co_return failed_over(journey);
    }
    if (!journey.trail.is_complete()) co_return co_await refuse(journey, worker_gone("in the middle of the answer"));
    auto end = journey.trail.missing_end();
    bool is_there = true;
    if (!end.empty()) is_there = co_await journey.call.exchange.write(std::move(end));
    if (is_there) co_await journey.call.exchange.finish();
    co_return Outcome::answered;
}

/// False if the client left.
net::Task<bool> Gateway::start_events(Journey& journey, int status) {
    net::Response head{.status = status, .headers = {}, .body = {}};
    head.headers.set("Content-Type", "text/event-stream");
    head.headers.set("Cache-Control", "no-store");
    head.headers.set("X-Accel-Buffering", "no");
    head.headers.set(contracts::worker_header, journey.worker->id.str());
    co_return co_await journey.call.exchange.start(std::move(head));
}

/// Says why there is no answer, or no more of it.
net::Task<Gateway::Outcome> Gateway::refuse(Journey& journey, Problem problem) {
    auto& exchange = journey.call.exchange;
    if (!journey.has_begun) {
        co_await http_api::answer_refused(journey.call, std::move(problem));
        co_return Outcome::answered;
    }
    const bool is_there = co_await exchange.write(error_event(problem, journey.call.request_id));
    if (is_there) co_await exchange.finish();
    co_return Outcome::answered;
}

net::ClientRequest Gateway::worker_request(Journey& journey, const orchestrator::Ticket& ticket) const {
    net::ClientRequest request;
    request.method = "POST";
    request.url = net::parse_url(ticket.worker().url).value_or(net::Url{});
    request.url.target = journey.call.route.path;
    request.headers.set("Authorization", "Bearer " + ticket.worker().secret);
    request.headers.set("Content-Type", "application/json");
    request.headers.set(contracts::task_header, journey.task);
    request.headers.set(contracts::epoch_header, std::to_string(static_cast<std::uint32_t>(ticket.epoch())));
    request.headers.set(contracts::correlation_header, journey.call.request_id);
    request.headers.set(contracts::ids_header, "1");
    request.body = journey.call.request().body;
    request.timeouts = worker_timeouts;
    if (journey.has_begun) {
        const bool is_chat = request.url.target.ends_with("/chat/completions");
        auto body = reflect::parse_json(request.body);
        RBEES_ASSERT(body && body->is_object());  // another worker has answered it
        request.url.target = "/continue";
        request.body = reflect::to_json_text(
            journey.trail.go_on(is_chat ? contracts::ExecutionKind::chat : contracts::ExecutionKind::completion,
                                std::move(body->get_object())));
    }
    return request;
}

Gateway::Outcome Gateway::failed_over(Journey& journey) {
    const auto& id = journey.worker->id;
    journey.avoid.insert(id);
    failovers_.add();
    boost::asio::post(control_.io(), [&control = control_, id] { control.fleet().worker_unreachable(id); });
    return Outcome::try_another;
}

void Gateway::client_left(Journey& journey) {
    if (std::exchange(journey.left, true)) return;
    cancels_.add();
    if (journey.waiting) {
        boost::asio::post(control_.io(), [&control = control_, id = *journey.waiting] { control.demand().leave(id); });
    }
    if (journey.worker) {
        boost::asio::co_spawn(io_, cancel_at(*journey.worker, journey.task), boost::asio::detached);
    }
    if (journey.stream != nullptr) journey.stream->close();
}

net::Task<void> Gateway::cancel_at(orchestrator::RoutableWorker worker, std::string task) {
    net::ClientRequest request;
    request.method = "POST";
    request.url = net::parse_url(worker.url).value_or(net::Url{});
    request.url.target = "/cancel";
    request.headers.set("Authorization", "Bearer " + worker.secret);
    request.headers.set("Content-Type", "application/json");
    request.body = reflect::to_json_text(contracts::CancelTask{TaskId(std::move(task))});
    request.timeouts = {
        .connect = std::chrono::seconds(2), .head = std::chrono::seconds(10), .body = std::chrono::seconds(10)};
    // A worker that cannot be told notices the closed connection, or is dead.
    co_await client_.send(std::move(request));
}

std::function<void()> Gateway::slot_freed() {
    return control_.demand().freed();
}

}  // namespace rbees::orcd
