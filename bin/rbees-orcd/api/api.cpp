#include "api/api.hpp"

#include "api/held_heartbeats.hpp"
#include "api/task_streams.hpp"

namespace rbees::orcd {

Api::Api(ApiParts parts, std::function<void()> shut_down)
    : io_(parts.io),
      control_(parts.control),
      holder_(parts.holder),
      gateway_(parts.gateway),
      metrics_(parts.metrics),
      shut_down_(std::move(shut_down)),
      held_(std::make_shared<HeldHeartbeats>(parts.io)),
      streams_(std::make_unique<TaskStreams>(parts.io, parts.control, parts.thread)) {}

Api::~Api() = default;

http_api::Handlers Api::handlers() {
    http_api::Handlers handlers;
    bind_operations(handlers);
    bind_openai(handlers);
    bind_nodes(handlers);
    bind_workers(handlers);
    bind_models(handlers);
    bind_tasks(handlers);
    bind_sessions(handlers);
    bind_tokens(handlers);
    bind_audit(handlers);
    return handlers;
}

void Api::release_held() {
    held_->release();
    streams_->release();
}

net::Task<void> Api::answer_done(http_api::Call& call, std::function<void(Answerer<Done>)> question) {
    const auto done = co_await ask<Done>(control_.io(), std::move(question));
    auto response = done ? http_api::empty_answer(call.route.status) : call.refuse(done.error());
    co_await call.exchange.respond(std::move(response));
}

}  // namespace rbees::orcd
