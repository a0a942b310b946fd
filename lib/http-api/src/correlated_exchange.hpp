#pragma once
/// @file
/// An exchange that adds the correlation id to what is answered, and remembers what was.

#include <functional>
#include <string>

#include "rbees/base/time.hpp"
#include "rbees/net/server.hpp"

namespace rbees::http_api {

/// Forwards to the server's exchange, which must outlive it.
class CorrelatedExchange final : public net::Exchange {
  public:
    CorrelatedExchange(net::Exchange& inner, std::string request_id);

    [[nodiscard]] const net::Request& request() const override;
    [[nodiscard]] net::Request& request() override;
    [[nodiscard]] net::Task<bool> respond(net::Response response) override;
    [[nodiscard]] net::Task<bool> start(net::Response head) override;
    [[nodiscard]] net::Task<bool> write(std::string piece) override;
    [[nodiscard]] net::Task<bool> finish() override;
    void when_client_leaves(std::function<void()> left) override;

    /// Whether a head went out, so that an error can no longer be answered.
    [[nodiscard]] bool has_started() const { return status_ != 0; }

    /// The status, if the answer was given to its end; else 0.
    [[nodiscard]] int answered_status() const { return whole_ ? status_ : 0; }
    [[nodiscard]] Instant first_byte() const { return first_byte_; }

  private:
    void note_head(net::Response& head);

    net::Exchange& inner_;
    std::string request_id_;
    int status_ = 0;
    bool whole_ = false;
    Instant first_byte_{};
};

}  // namespace rbees::http_api
