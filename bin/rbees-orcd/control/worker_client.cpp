#include "control/worker_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <deque>
#include <utility>

#include "orcd_limits.hpp"
#include "rbees/contracts/limits.hpp"
#include "rbees/contracts/options.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/workers.hpp"
#include "rbees/net/sse.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using control::AttemptEvent;
using control::AttemptKey;
using control::StreamCut;
using control::WorkerAddress;
using control::WorkerFault;
using control::WorkerRefusal;

constexpr net::Timeouts call_timeouts{
    .connect = std::chrono::seconds(2), .head = std::chrono::seconds(10), .body = std::chrono::seconds(10)};

/// The first token of a long prompt takes minutes on a slow machine. That the worker is there is asked meanwhile, by
/// the renewal of the lease.
constexpr net::Timeouts stream_timeouts{
    .connect = std::chrono::seconds(2), .head = std::chrono::seconds(10), .body = std::chrono::minutes(15)};

WorkerRefusal refusal(WorkerFault fault, std::string message) {
    return {fault, {ErrorCode::WORKER_UNAVAILABLE, std::move(message), true}};
}

WorkerFault fault_of(net::ClientErrorKind kind) {
    using enum net::ClientErrorKind;
    if (kind == refused) return WorkerFault::gone;
    const bool is_silent = kind == timed_out || kind == connect_timed_out || kind == cannot_connect;
    return is_silent ? WorkerFault::unreachable : WorkerFault::broken;
}

WorkerRefusal unreachable(const net::ClientError& error) {
    return refusal(fault_of(error.kind), "the worker: " + error.detail);
}

WorkerFault fault_of(int status) {
    if (status == 404) return WorkerFault::unknown;
    if (status == 409 || status == 429 || status == 503) return WorkerFault::not_now;
    return status >= 500 ? WorkerFault::broken : WorkerFault::refused;
}

/// What an answer from 300 on means.
WorkerRefusal refused(int status, std::string_view body) {
    auto problem = reflect::from_json_text<contracts::ProblemBody>(body);
    if (!problem) return refusal(fault_of(status), fmt::format("the worker answered {}", status));
    // The fault lies in what it is to go on with: no other worker will do better.
    const bool cannot_continue =
        problem->errors && std::ranges::any_of(*problem->errors, [](const reflect::FieldError& error) {
            return error.pointer.starts_with("/from") || error.pointer.starts_with("/model_hash");
        });
    if (status == 409 && cannot_continue) return refusal(WorkerFault::refused, std::move(problem->detail));
    return {fault_of(status), {problem->code, std::move(problem->detail), problem->retriable}};
}

net::ClientRequest request_to(const WorkerAddress& worker, std::string method, std::string target) {
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = net::parse_url(worker.url).value_or(net::Url{});
    request.url.target = std::move(target);
    request.headers.set("Authorization", "Bearer " + worker.secret);
    request.headers.set(contracts::epoch_header, std::to_string(static_cast<std::uint32_t>(worker.epoch)));
    request.timeouts = call_timeouts;
    return request;
}

void set_json(net::ClientRequest& request, std::string body) {
    request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
}

std::string target_of(const AttemptKey& key) {
    return fmt::format("/execute/{}/{}", net::percent_encode(key.job.str()), key.attempt);
}

template <class T>
AttemptEvent read_as(const std::string& data) {
    auto event = reflect::from_json_text<T>(data);
    if (event) return std::move(*event);
    return StreamCut{
        refusal(WorkerFault::broken, "the worker sent what is no event: " + reflect::describe(event.error()))};
}

/// Nothing for an event that is not ours to know.
std::optional<AttemptEvent> event_of(const net::SseEvent& event) {
    if (event.event == "start") return read_as<contracts::ExecutionStart>(event.data);
    if (event.event == "token") return read_as<contracts::ExecutionToken>(event.data);
    if (event.event == "end") return read_as<contracts::ExecutionEnd>(event.data);
    if (event.event == "error") return read_as<contracts::ExecutionError>(event.data);
    return std::nullopt;
}

}  // namespace

Duration lease_of(const contracts::Acknowledged& said) {
    const auto least = std::chrono::ceil<std::chrono::milliseconds>(contracts::least_duration("tasks.lease"));
    constexpr std::chrono::milliseconds most = std::chrono::days(7);
    const auto told = std::min<std::uint64_t>(said.lease_ms, static_cast<std::uint64_t>(most.count()));
    return std::max(least, std::chrono::milliseconds(told));
}

/// An attached stream. The coroutine that reads owns it as well, so it outlives its attachment by at most one read.
class WorkerClient::Stream : public std::enable_shared_from_this<Stream> {
  public:
    Stream(WorkerClient& client, net::ClientRequest request, control::OnEvent on_event)
        : client_(client), request_(std::move(request)), on_event_(std::move(on_event)) {}

    void read() { boost::asio::co_spawn(client_.io_, deliver(shared_from_this()), boost::asio::detached); }

    void detach() {
        is_detached_ = true;
        if (stream_) stream_->close();
    }

  private:
    static net::Task<void> deliver(std::shared_ptr<Stream> self) {
        // Never within the call of `read`.
        co_await boost::asio::post(self->client_.io_, boost::asio::use_awaitable);
        while (self->events_.empty() && !self->is_detached_) {
            co_await self->read_more();
        }
        if (self->is_detached_) co_return;
        auto event = std::move(self->events_.front());
        self->events_.pop_front();
        self->on_event_(std::move(event));
    }

    net::Task<void> read_more() {
        if (!stream_) {
            co_await open();
            co_return;
        }
        const auto piece = co_await stream_->read();
        if (!piece) {
            cut(unreachable(piece.error()));
        } else if (piece->empty()) {
            cut(refusal(WorkerFault::broken, "the worker ended the stream in the middle"));
        } else {
            take(*piece);
        }
    }

    net::Task<void> open() {
        auto opened = co_await client_.client_.open(request_);
        if (!opened) {
            cut(unreachable(opened.error()));
            co_return;
        }
        stream_ = std::move(*opened);
        if (stream_->status() == 200) co_return;
        const auto body = co_await stream_->read();
        cut(refused(stream_->status(), body.value_or("")));
    }

    void take(const std::string& bytes) {
        const auto events = parser_.feed(bytes);
        if (!events) {
            // It would be sent again, and no other worker would say less.
            events_.emplace_back(
                contracts::ExecutionError{ErrorCode::LIMIT_EXCEEDED,
                                          fmt::format("the worker said more than {} at once (execution_event_max)",
                                                      describe(Bytes(contracts::execution_event_max))),
                                          true});
            return;
        }
        for (const auto& event : *events) {
            if (auto known = event_of(event)) events_.push_back(std::move(*known));
        }
    }

    void cut(WorkerRefusal why) { events_.emplace_back(StreamCut{std::move(why)}); }

    WorkerClient& client_;
    net::ClientRequest request_;
    control::OnEvent on_event_;
    std::unique_ptr<net::ClientStream> stream_;
    net::SseParser parser_{contracts::execution_event_max};
    std::deque<AttemptEvent> events_;
    bool is_detached_ = false;
};

WorkerClient::WorkerClient(net::IoContext& io) : io_(io), client_(io, limits::idle_connections_per_worker) {}

net::Task<WorkerClient::Answer> WorkerClient::ask(net::ClientRequest request) {
    auto response = co_await client_.send(std::move(request));
    if (!response) co_return std::unexpected(unreachable(response.error()));
    if (response->status >= 300) co_return std::unexpected(refused(response->status, response->body));
    co_return std::move(*response);
}

void WorkerClient::execute(WorkerAddress worker, contracts::Execute order, control::WorkerReply reply) {
    auto request = request_to(worker, "POST", "/execute");
    set_json(request, reflect::to_json_text(order));
    boost::asio::co_spawn(io_, ask(std::move(request)),
                          [reply = std::move(reply)](const std::exception_ptr&, const Answer& answer) {
                              if (answer) return reply({});
                              reply(std::unexpected(answer.error()));
                          });
}

std::unique_ptr<control::Attachment> WorkerClient::attach(WorkerAddress worker, AttemptKey key,
                                                          std::optional<std::uint64_t> after,
                                                          control::OnEvent on_event) {
    class Held : public control::Attachment {
      public:
        explicit Held(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
        ~Held() override { stream_->detach(); }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;

        void read() override { stream_->read(); }

      private:
        std::shared_ptr<Stream> stream_;
    };
    auto target = target_of(key);
    if (after) target += fmt::format("?after={}", *after);
    auto request = request_to(worker, "GET", std::move(target));
    request.timeouts = stream_timeouts;
    return std::make_unique<Held>(std::make_shared<Stream>(*this, std::move(request), std::move(on_event)));
}

void WorkerClient::acknowledge(WorkerAddress worker, AttemptKey key, contracts::Acknowledge what,
                               control::AckReply reply) {
    auto request = request_to(worker, "POST", target_of(key) + "/ack");
    set_json(request, reflect::to_json_text(what));
    const auto answered = [reply = std::move(reply)](const std::exception_ptr&, const Answer& answer) {
        if (!answer) return reply(std::unexpected(answer.error()));
        const auto body = reflect::from_json_text<contracts::Acknowledged>(answer->body);
        if (!body) return reply(std::unexpected(refusal(WorkerFault::broken, "the worker's answer is damaged")));
        reply(lease_of(*body));
    };
    boost::asio::co_spawn(io_, ask(std::move(request)), answered);
}

void WorkerClient::ask_after(WorkerAddress worker, control::WorkerReply reply) {
    boost::asio::co_spawn(io_, ask(request_to(worker, "GET", "/health")),
                          [reply = std::move(reply)](const std::exception_ptr&, const Answer& answer) {
                              if (answer) return reply({});
                              reply(std::unexpected(answer.error()));
                          });
}

void WorkerClient::cancel(WorkerAddress worker, AttemptKey key) {
    boost::asio::co_spawn(io_, ask(request_to(worker, "DELETE", target_of(key))),
                          [](const std::exception_ptr&, const Answer&) {});
}

}  // namespace rbees::orcd
