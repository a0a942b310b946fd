#pragma once
/// @file
/// The HTTP/1.1 client: pooled keep-alive connections, whole answers or streams, every wait bounded.
///
/// A `Client` belongs to one io_context's thread. A pooled connection that turns out to be closed before the first byte
/// of the answer is replaced and the request sent again once, which is safe because nothing was answered.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/net/message.hpp"
#include "rbees/net/task.hpp"

namespace rbees::net {

enum class ClientErrorKind : std::uint8_t {
    refused,            ///< nothing was sent: the host is there, and nobody listens
    connect_timed_out,  ///< nothing was sent: no answer to that within `Timeouts::connect`
    cannot_connect,     ///< nothing was sent: no way there, its name is unknown, or this process lacks something
    timed_out,          ///< another bound of `Timeouts` passed
    cut,                ///< the peer closed in the middle
    malformed,          ///< the peer does not speak HTTP
    too_large,          ///< the answer is over the limit
    cancelled,          ///< `close` was called
};

struct ClientError {
    ClientErrorKind kind = ClientErrorKind::cut;
    std::string detail;  ///< for logs and messages: names the address
};

struct Timeouts {
    Duration connect = std::chrono::seconds(5);
    Duration head = std::chrono::seconds(300);  ///< from the end of the request to the answer's head
    Duration body = std::chrono::seconds(300);  ///< without a byte
};

struct ClientRequest {
    std::string method = "GET";
    Url url;
    Fields headers;
    std::string body;
    Timeouts timeouts;
    Bytes answer_limit = mebibytes(64);  ///< of the body that `send` collects; a stream has no limit
};

/// An answer whose body comes in pieces. Owns its connection; returns it to the pool when the body ended properly.
class ClientStream {
  public:
    ClientStream() = default;
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;
    virtual ~ClientStream() = default;

    [[nodiscard]] virtual int status() const = 0;
    [[nodiscard]] virtual const Fields& headers() const = 0;

    /// Whatever of the body has arrived, at least one byte; empty at its proper end.
    [[nodiscard]] virtual Task<std::expected<std::string, ClientError>> read() = 0;

    /// Cuts the connection; a `read` under way returns `cancelled`. On the client's thread only.
    virtual void close() = 0;
};

class ConnectionPool;

class Client {
  public:
    /// At most `idle_per_host` unused connections are kept for each address, 30 s each.
    explicit Client(IoContext& io, std::size_t idle_per_host = 64);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Sends and reads the whole answer, of any status.
    [[nodiscard]] Task<std::expected<Response, ClientError>> send(ClientRequest request);

    /// Sends and reads the head; the body follows through the stream.
    [[nodiscard]] Task<std::expected<std::unique_ptr<ClientStream>, ClientError>> open(ClientRequest request);

  private:
    std::shared_ptr<ConnectionPool> pool_;
};

}  // namespace rbees::net
