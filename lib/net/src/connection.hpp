#pragma once
/// @file
/// One client's connection on a server: reads requests one after the other and has each answered before the next.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "channel.hpp"
#include "exchange.hpp"
#include "parser.hpp"
#include "server_state.hpp"

namespace rbees::net {

/// Owned by its own coroutine, `serve`.
class Connection {
  public:
    Connection(std::shared_ptr<ServerState> server, Channel::Socket socket, std::string peer);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Serves requests until the connection ends.
    static Task<void> serve(std::shared_ptr<Connection> self);

    /// Answers 503 and ends: the server is full.
    static Task<void> turn_away(std::shared_ptr<Connection> self);

    void close_if_idle();
    void cut() { channel_->close(); }

  private:
    enum class Phase : std::uint8_t { idle, head, body, answering };

    /// Why no request came.
    struct Refusal {
        int status = 0;  ///< 0: nothing to say, the connection just ends
        std::string detail;
        std::string_view limit;
    };
    using MaybeRefusal = std::optional<Refusal>;

    [[nodiscard]] Task<void> serve_requests();
    [[nodiscard]] Task<MaybeRefusal> read_request();
    [[nodiscard]] Task<MaybeRefusal> read_head();
    [[nodiscard]] Task<MaybeRefusal> read_body();
    [[nodiscard]] Task<MaybeRefusal> read_sized_body();
    [[nodiscard]] Task<MaybeRefusal> read_chunked_body();
    [[nodiscard]] Task<bool> answer();
    [[nodiscard]] Task<void> refuse(Refusal refusal);
    [[nodiscard]] MaybeRefusal take_head(std::string_view bytes);
    [[nodiscard]] MaybeRefusal check_head();
    [[nodiscard]] Refusal body_too_large() const;
    [[nodiscard]] Refusal head_too_large(std::string_view what) const;
    void leave_body();
    [[nodiscard]] MaybeRefusal hold_body(std::size_t size);
    [[nodiscard]] MaybeRefusal take_chunks(bool& is_complete);
    [[nodiscard]] Refusal why_nothing_came() const;
    [[nodiscard]] Response error_response(const Refusal& refusal, std::string_view target) const;
    void enter(Phase phase);
    void end_request();

    friend class ServerState;
    std::size_t place_ = 0;  ///< among the server's connections

    std::shared_ptr<ServerState> server_;
    std::shared_ptr<Channel> channel_;
    const std::string peer_;
    MessageParser parser_{MessageParser::Kind::request};
    Head head_;  ///< of the request being read; its fields move into `request_`
    Request request_;
    BodyBound body_bound_;  ///< of the request being read
    Bytes body_held_;       ///< taken from the budget for it
    Phase phase_ = Phase::idle;
    bool is_counted_ = false;  ///< among the server's requests
};

}  // namespace rbees::net
