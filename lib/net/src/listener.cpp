#include "listener.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "addresses.hpp"
#include "net_limits.hpp"
#include "rbees/net/server.hpp"

namespace rbees::net {

namespace {

constexpr std::string_view port_taken = ": the port is taken by another program";

enum class Reuse : std::uint8_t { none, port };

Result<UniqueFd> bind_socket(const SocketAddress& address, Reuse reuse) {
    UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) return fail_with_errno("cannot open a socket");
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reuse == Reuse::port) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd.get(), address.get(), address.size()) == 0) return fd;

    const auto where = address.text();
    if (errno == EADDRINUSE) {
        return fail(
            fmt::format("{}{}", where, port_taken),
            fmt::format("find it with `ss -ltnp 'sport = :{}'` and stop it, or choose another port", address.port()));
    }
    if (errno == EACCES) {
        return fail(fmt::format("{}: this port needs more rights than the process has", where),
                    "choose a port of 1024 or above");
    }
    if (errno == EADDRNOTAVAIL) {
        return fail(fmt::format("{}: this machine does not have the address", where),
                    "listen on 127.0.0.1, 0.0.0.0 or an address that `ip address` shows");
    }
    return fail_with_errno("cannot listen on " + where);
}

/// Without SO_REUSEPORT first, because with it a second program of the same user would share the port silently.
Result<UniqueFd> bind_listener(SocketAddress address, PortUse use) {
    if (use == PortUse::own) {
        const auto probe = bind_socket(address, Reuse::none);
        if (!probe) return std::unexpected(probe.error());
        address = SocketAddress::of_socket(probe->get());
    }
    auto fd = bind_socket(address, Reuse::port);
    if (fd && ::listen(fd->get(), limits::backlog) != 0) return fail_with_errno("cannot listen on " + address.text());
    return fd;
}

bool is_starvation(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

UniqueFd open_reserve() {
    return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace

bool is_port_taken(const Failure& failure) {
    return failure.message.ends_with(port_taken);
}

Listener::Listener(IoContext& io, Accepted accepted, Logger log)
    : io_(io),
      accepted_(std::move(accepted)),
      log_(std::move(log)),
      acceptor_(io),
      pause_(io),
      reserve_(open_reserve()) {}

Result<std::uint16_t> Listener::open(const std::string& host, std::uint16_t port, PortUse use) {
    const auto address = SocketAddress::resolve(host, port);
    if (!address) return std::unexpected(address.error());
    auto fd = bind_listener(*address, use);
    if (!fd) return std::unexpected(fd.error());
    const auto bound = SocketAddress::of_socket(fd->get());
    acceptor_.assign(bound.protocol(), fd->release());
    wait();
    return bound.port();
}

void Listener::close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

void Listener::wait() {
    acceptor_.async_wait(acceptor_.wait_read, [weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error && self->acceptor_.is_open()) self->accept_some();
    });
}

void Listener::wait_out_starvation() {
    pause_.expires_after(limits::starvation_pause);
    pause_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error && self->acceptor_.is_open()) self->accept_some();
    });
}

void Listener::accept_some() {
    auto outcome = Outcome::accepted;
    for (int i = 0; i < limits::accepts_in_a_row_max && outcome == Outcome::accepted && acceptor_.is_open(); ++i) {
        outcome = accept_one();
    }
    if (!acceptor_.is_open()) return;
    if (outcome != Outcome::starved) {
        wait();
        return;
    }
    if (!std::exchange(is_starved_, true)) {
        log_.warning("no file descriptors left: new connections wait", {{"remedy", "raise `ulimit -n`"}});
    }
    wait_out_starvation();
}

Listener::Outcome Listener::accept_one() {
    SocketAddress peer;
    UniqueFd fd(::accept4(acceptor_.native_handle(), peer.get(), peer.room(), SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
        if (!is_starvation(errno)) return errno == EAGAIN ? Outcome::nothing_there : Outcome::accepted;
        // One client is let go, so that it learns the state of things at once; the others wait in the backlog.
        reserve_.reset();
        fd.reset(::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
        fd.reset();
        reserve_ = open_reserve();
        return Outcome::starved;
    }
    is_starved_ = false;
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Channel::Socket socket(io_);
    boost::system::error_code error;
    socket.assign(peer.protocol(), fd.get(), error);
    if (error) return Outcome::starved;
    fd.release();
    accepted_(std::move(socket), peer.text());
    return Outcome::accepted;
}

}  // namespace rbees::net
