#pragma once
/// @file
/// One request of a client and the answer to it, on one connection.

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "channel.hpp"
#include "connection_pool.hpp"
#include "parser.hpp"
#include "rbees/net/client.hpp"

namespace rbees::net {

/// Owned by shared_ptr: coroutines that run on it hold one, so that it may be let go in the middle. Single-threaded.
class Answer {
  public:
    Answer(std::weak_ptr<ConnectionPool> pool, std::shared_ptr<Channel> channel, std::string authority,
           Timeouts timeouts);
    ~Answer() { close(); }
    Answer(const Answer&) = delete;
    Answer& operator=(const Answer&) = delete;

    using Outcome = std::expected<void, ClientError>;

    /// Sends the request and reads the answer's head.
    static Task<Outcome> begin(std::shared_ptr<Answer> self, std::string head, std::string body,
                               MessageParser::Kind kind);

    /// Collects what has arrived of the body, at least one byte; nothing at its proper end.
    static Task<Outcome> read(std::shared_ptr<Answer> self);
    [[nodiscard]] std::string take_body() { return std::exchange(body_, {}); }
    [[nodiscard]] std::size_t body_size() const { return body_.size(); }

    [[nodiscard]] const Head& head() const { return head_; }
    /// Whether the connection was closed before it said anything: the request may be sent again on another one.
    [[nodiscard]] bool is_stale() const { return is_stale_; }

    void close();

  private:
    [[nodiscard]] Task<Outcome> read_head();
    [[nodiscard]] Task<Outcome> read_chunks();
    [[nodiscard]] Task<Outcome> read_bytes();
    [[nodiscard]] std::unexpected<ClientError> failure(std::string_view part);
    [[nodiscard]] std::unexpected<ClientError> malformed(std::string_view what);
    void finish();

    std::weak_ptr<ConnectionPool> pool_;
    std::shared_ptr<Channel> channel_;
    const std::string authority_;
    const Timeouts timeouts_;
    MessageParser parser_{MessageParser::Kind::response};
    Head head_;
    std::string body_;
    std::uint64_t rest_ = 0;  ///< of a body with a length
    bool is_complete_ = false;
    bool is_cancelled_ = false;
    bool is_stale_ = false;
};

}  // namespace rbees::net
