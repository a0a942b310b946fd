#pragma once
/// @file
/// One request being answered on a server's connection.

#include <cstdint>
#include <memory>

#include "channel.hpp"
#include "head_text.hpp"
#include "rbees/net/server.hpp"
#include "server_state.hpp"

namespace rbees::net {

/// Lives in the connection's coroutine while the handler runs.
class ConnectionExchange final : public Exchange {
  public:
    /// How the client must be answered.
    struct Terms {
        bool is_http_11 = true;
        bool keeps_alive = true;
    };

    ConnectionExchange(const ServerState& server, std::shared_ptr<Channel> channel, Request request, Terms terms);
    ~ConnectionExchange() override { channel_->unwatch(); }

    [[nodiscard]] const Request& request() const override { return request_; }
    [[nodiscard]] Request& request() override { return request_; }
    [[nodiscard]] Task<bool> respond(Response response) override;
    [[nodiscard]] Task<bool> start(Response head) override;
    [[nodiscard]] Task<bool> write(std::string piece) override;
    [[nodiscard]] Task<bool> finish() override;
    void when_client_leaves(std::function<void()> left) override { channel_->watch(std::move(left)); }

    /// Whether the next request may follow on this connection.
    [[nodiscard]] bool may_go_on() const { return state_ == State::answered && keeps_alive_; }
    [[nodiscard]] bool is_answered() const { return state_ == State::answered; }
    /// Whether nothing was sent, so that an error can still be answered.
    [[nodiscard]] bool is_untouched() const { return state_ == State::open; }

  private:
    enum class State : std::uint8_t { open, streaming, answered, broken };

    [[nodiscard]] bool has_body(int status) const;
    [[nodiscard]] AnswerShape shape(AnswerLength length);
    [[nodiscard]] bool settle(bool sent, State next);

    const ServerState& server_;
    std::shared_ptr<Channel> channel_;
    Request request_;
    Terms terms_;
    bool is_head_;  ///< the method HEAD: an answer without its body
    bool sends_body_ = true;
    bool keeps_alive_ = false;
    State state_ = State::open;
};

}  // namespace rbees::net
