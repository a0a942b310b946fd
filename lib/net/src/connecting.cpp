#include "connecting.hpp"

#include <fcntl.h>

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "waiter.hpp"

namespace rbees::net {

namespace {

using boost::asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;
using Resolver = boost::asio::ip::basic_resolver<tcp, IoContext::executor_type>;

/// One look-up, shared with its callback: getaddrinfo cannot be interrupted, so the waiting coroutine may go first.
class Lookup final : public std::enable_shared_from_this<Lookup>, private Deadline {
  public:
    Lookup(IoContext& io, std::shared_ptr<Deadlines> deadlines) : resolver_(io), deadlines_(std::move(deadlines)) {
        deadlines_->watch(*this);
    }
    ~Lookup() { deadlines_->forget(*this); }

    void begin(const Url& url, Duration limit) {
        deadlines_->set(*this, limit);
        resolver_.async_resolve(url.host, std::to_string(url.port), Completion{shared_from_this()});
    }

    static Task<void> wait(std::shared_ptr<Lookup> self) {
        if (!self->is_over_) co_await self->waiter_.wait();
    }

    Endpoints endpoints;
    std::string error = "the look-up of its name took too long";

  private:
    /// Lets the waiting coroutine go if the loop is destroyed before the answer.
    struct Completion {
        explicit Completion(std::shared_ptr<Lookup> lookup_) : lookup(std::move(lookup_)) {}
        Completion(Completion&&) = default;
        Completion& operator=(Completion&&) = default;
        ~Completion() {
            if (lookup) lookup->waiter_.drop();
        }
        void operator()(const boost::system::error_code& failed, const tcp::resolver::results_type& results) {
            const auto self = std::move(lookup);
            if (self->is_over_) return;
            if (failed) self->error = "its name is unknown: " + failed.message();
            for (const auto& result : results)
                self->endpoints.push_back(result.endpoint());
            self->end();
        }
        std::shared_ptr<Lookup> lookup;
    };

    void on_deadline() override { end(); }

    void end() {
        is_over_ = true;
        deadlines_->clear(*this);
        waiter_.wake();
    }

    Resolver resolver_;
    std::shared_ptr<Deadlines> deadlines_;
    Waiter waiter_;
    bool is_over_ = false;
};

ClientError cannot_connect(const Url& url, std::string_view why,
                           ClientErrorKind kind = ClientErrorKind::cannot_connect) {
    return ClientError{kind, fmt::format("cannot connect to {}: {}", url.authority(), why)};
}

std::optional<tcp::endpoint> numeric_endpoint(const Url& url) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(url.host, error);
    if (error) return std::nullopt;
    return tcp::endpoint(address, url.port);
}

/// Opened here and not by Asio, which would leave the descriptor to child processes.
boost::system::error_code open_socket(Channel::Socket& socket, const tcp& protocol) {
    const auto fd = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    boost::system::error_code error(fd < 0 ? errno : 0, boost::system::system_category());
    if (!error) socket.assign(protocol, fd, error);
    if (!error) socket.set_option(tcp::no_delay(true), error);
    return error;
}

}  // namespace

Task<std::expected<std::shared_ptr<Channel>, ClientError>> open_channel(IoContext& io,
                                                                        std::shared_ptr<Deadlines> deadlines, Url url,
                                                                        Duration limit) {
    const auto give_up_at = BootClock::now() + limit;
    Endpoints endpoints;
    if (const auto endpoint = numeric_endpoint(url)) {
        endpoints.push_back(*endpoint);
    } else {
        const auto lookup = std::make_shared<Lookup>(io, deadlines);
        lookup->begin(url, limit);
        co_await Lookup::wait(lookup);
        if (lookup->endpoints.empty()) co_return std::unexpected(cannot_connect(url, lookup->error));
        endpoints = std::move(lookup->endpoints);
    }

    std::string why;
    auto kind = ClientErrorKind::cannot_connect;
    for (const auto& endpoint : endpoints) {
        Channel::Socket socket(io);
        auto error = open_socket(socket, endpoint.protocol());
        const auto channel = std::make_shared<Channel>(std::move(socket), deadlines);
        if (!error) {
            channel->set_deadline(give_up_at - BootClock::now());
            constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);
            const auto [failed] = co_await channel->socket().async_connect(endpoint, use_tuple);
            channel->clear_deadline();
            error = failed;
        }
        if (!error) co_return channel;
        why = channel->expired() ? "no answer within " + describe(limit) : error.message();
        kind = error == boost::asio::error::connection_refused ? ClientErrorKind::refused
                                                               : ClientErrorKind::cannot_connect;
        if (channel->expired()) {
            kind = ClientErrorKind::connect_timed_out;
            break;
        }
    }
    co_return std::unexpected(cannot_connect(url, why, kind));
}

}  // namespace rbees::net
