#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>

#include "api/api.hpp"
#include "api/held_heartbeats.hpp"
#include "orcd_limits.hpp"
#include "rbees/contracts/faults.hpp"
#include "rbees/orchestrator_core/refusals.hpp"

namespace rbees::orcd {
namespace {

using contracts::HeartbeatAnswer;
using contracts::NodeRegistered;
using contracts::NodeView;

/// Answers with the node's view after a command about it.
DoneReply then_view(Control& control, NodeId id, Answerer<Checked<NodeView>> reply) {
    return [&control, id = std::move(id), reply = std::move(reply)](const Done& done) {
        if (!done) return reply(std::unexpected(done.error()));
        auto view = node_view(control.fleet(), id);
        if (!view) return reply(std::unexpected(orchestrator::no_node(id)));
        reply(std::move(*view));
    };
}

}  // namespace

void Api::bind_nodes(http_api::Handlers& handlers) {
    handlers.bind("node_register", [this](http_api::Call& call) { return register_node(call); });
    handlers.bind("node_heartbeat", [this](http_api::Call& call) { return heartbeat(call); });
    handlers.bind("nodes", [this](http_api::Call& call) {
        return answer_with<std::vector<NodeView>>(call, [&control = control_](auto reply) {
            control.fleet().when_durable([&control, reply] { reply(node_views(control.fleet())); });
        });
    });
    handlers.bind("node", [this](http_api::Call& call) {
        return answer_with<NodeView>(call, [&control = control_, id = NodeId(call.parameter("id"))](auto reply) {
            control.fleet().when_durable([&control, id, reply] { then_view(control, id, reply)({}); });
        });
    });
    handlers.bind("node_drain", [this](http_api::Call& call) {
        return answer_with<NodeView>(call, [&control = control_, id = NodeId(call.parameter("id"))](auto reply) {
            const kernel::Command drain{orchestrator::FleetCommand{orchestrator::DrainNode{id}}};
            control.fleet().submit(drain, then_view(control, id, reply));
        });
    });
    handlers.bind("node_remove", [this](http_api::Call& call) {
        return answer_done(call, [&control = control_, id = NodeId(call.parameter("id"))](auto reply) {
            control.fleet().remove_node(id, std::move(reply));
        });
    });
}

net::Task<void> Api::register_node(http_api::Call& call) {
    auto body = http_api::read_body<contracts::NodeRegistration>(call.request());
    if (body && !is_valid_id(body->node_id.str())) {
        body = std::unexpected(
            contracts::invalid("registration", {{"/node_id", "must be 1 to 128 of letters, digits and ._:-"}}));
    }
    if (!body) {
        co_await http_api::answer_refused(call, body.error());
        co_return;
    }
    std::function<void(Answerer<Checked<NodeRegistered>>)> question = [&control = control_,
                                                                       registration = std::move(*body)](auto reply) {
        control.fleet().register_node(registration, std::move(reply));
    };
    co_await answer_with<NodeRegistered>(call, std::move(question));
}

net::Task<void> Api::heartbeat(http_api::Call& call) {
    const auto body = http_api::read_body<contracts::Heartbeat>(call.request());
    if (!body) {
        co_await http_api::answer_refused(call, body.error());
        co_return;
    }
    const NodeId id(call.parameter("id"));
    std::function<void(Answerer<Checked<HeartbeatAnswer>>)> question = [&control = control_, id,
                                                                        heartbeat = *body](auto reply) {
        control.fleet().heartbeat(id, heartbeat, std::move(reply));
    };
    const auto answer = co_await ask<Checked<HeartbeatAnswer>>(control_.io(), std::move(question));
    if (answer && body->hold_ms != 0) {
        const std::chrono::milliseconds span(std::min(body->hold_ms, limits::hold_ms_max));
        auto timer = held_->hold(span);
        call.exchange.when_client_leaves([&control = control_, id, timer] {
            boost::asio::post(control.io(), [&control, id] { control.fleet().node_disconnected(id); });
            timer->cancel();
        });
        boost::system::error_code ended;
        co_await timer->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
        held_->done(timer);
    }
    auto response = answer ? http_api::json_answer(200, *answer) : call.refuse(answer.error());
    co_await call.exchange.respond(std::move(response));
}

}  // namespace rbees::orcd
