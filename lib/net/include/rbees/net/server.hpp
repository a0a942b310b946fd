#pragma once
/// @file
/// The HTTP/1.1 server: parses, limits, and hands each request to one handler coroutine.
///
/// One `Server` runs on one io_context and is used from that thread only; several on the same address share the load by
/// SO_REUSEPORT. Framing that two parsers could read differently (both Content-Length and Transfer-Encoding, doubled or
/// malformed lengths, bare LF, obsolete folding, space before a colon, no Host or two) is refused with 400 and a close.
///
/// A handler is a coroutine: it takes the exchange by reference, which lives until the handler returns.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rbees/base/failure.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/units.hpp"
#include "rbees/net/body_budget.hpp"
#include "rbees/net/message.hpp"
#include "rbees/net/task.hpp"

namespace rbees::net {

/// Bounds of one server; each answer that a bound causes names it.
struct ServerLimits {
    Bytes header = kibibytes(32);                     ///< 431 above
    Bytes body = mebibytes(32);                       ///< 413 above, before it is read (see also HeadCheck)
    Duration header_time = std::chrono::seconds(10);  ///< from the first byte to the end of the headers; then 408
    Duration body_time = std::chrono::seconds(60);    ///< for the whole body; then 408
    Duration idle_time = std::chrono::seconds(75);    ///< between requests; then the connection closes
    Duration write_time = std::chrono::seconds(60);   ///< without progress of a write; then the connection is cut
    std::size_t connections = 4096;                   ///< above, new ones get 503 and are closed

    /// Of all bodies that are held; 503 above. Without one the server has its own, of `own_bodies`.
    std::shared_ptr<BodyBudget> bodies;
    static constexpr Bytes own_bodies = mebibytes(256);
};

/// What the server itself has to say to a client (400, 408, 413, 431, 500, 503).
struct ServerError {
    int status = 500;
    std::string_view detail;
    std::string_view limit;   ///< the bound that was hit, by name; empty if there is none
    std::string_view target;  ///< as sent; empty if it did not come
};

/// Makes the answer for it.
using ErrorBody = std::function<Response(const ServerError& error)>;

/// How much of a body is read.
struct BodyBound {
    Bytes most;             ///< 413 above, and above ServerLimits::body
    std::string_view name;  ///< of this bound, for the answer; static
};

/// Looks at the head of a request that has a body, before the body is read. Nothing: it is not; the handler gets the
/// request with `is_body_left` and refuses it, and the connection closes unless all of the body was there already.
using HeadCheck = std::function<std::optional<BodyBound>(const Request& head)>;

/// One request and the way to answer it. Answer once: `respond`, or `start`, any number of `write`, `finish`.
/// A handler that returns without an answer, or without `finish`, cuts the connection: a half stream never looks whole.
/// One that throws is logged, and answered with 500 if nothing was sent.
class Exchange {
  public:
    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;

    [[nodiscard]] virtual const Request& request() const = 0;
    [[nodiscard]] virtual Request& request() = 0;

    /// A whole answer. False when the client is gone.
    [[nodiscard]] virtual Task<bool> respond(Response response) = 0;

    /// Sends the head of a stream (chunked; for HTTP/1.0 delimited by the close). False when the client is gone.
    [[nodiscard]] virtual Task<bool> start(Response head) = 0;

    /// Sends a piece, and returns when the socket took it: that is the back-pressure. False when the client is gone.
    [[nodiscard]] virtual Task<bool> write(std::string piece) = 0;

    /// Ends the stream properly.
    [[nodiscard]] virtual Task<bool> finish() = 0;

    /// Calls `left` once, on this thread, as soon as the client closes its side while the handler runs. Must be set
    /// before the first suspension that may be long. Without it the end of the client's side is noticed at the next
    /// write.
    virtual void when_client_leaves(std::function<void()> left) = 0;
};

using Handler = std::function<Task<void>(Exchange& exchange)>;

/// Whether `Server::listen` failed because another program has the port.
[[nodiscard]] bool is_port_taken(const Failure& failure);

/// Whose a port is.
enum class PortUse : std::uint8_t {
    own,   ///< nobody else may have it
    join,  ///< another Server of this process took it with `own`; the kernel shares the connections out between them
};

class Server {
  public:
    /// `handler` gets every well-formed request.
    Server(IoContext& io, ServerLimits limits, Handler handler, ErrorBody error_body, Logger log);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Has heads looked at. Before `listen`.
    void check_heads(HeadCheck check);

    /// Binds and accepts. `port` 0 takes a free one. Fails with "the port is taken" and who to ask. Blocks on name
    /// look-up if `host` is a name. Returns the port.
    [[nodiscard]] Result<std::uint16_t> listen(const std::string& host, std::uint16_t port, PortUse use = PortUse::own);

    /// Takes no new connection; ends idle ones; calls `drained` when the last request is answered. Idempotent.
    void drain(std::function<void()> drained);

    /// Cuts every connection.
    void stop();

    /// Connections and requests now; for metrics.
    struct Load {
        std::size_t connections = 0;
        std::size_t requests = 0;
    };
    [[nodiscard]] Load load() const;

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace rbees::net
