#include "rbees/net/server.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "connection.hpp"
#include "listener.hpp"
#include "net_limits.hpp"
#include "server_state.hpp"

namespace rbees::net {

class Server::Implementation {
  public:
    explicit Implementation(std::shared_ptr<ServerState> state_)
        : state(std::move(state_)), listener(std::make_shared<Listener>(state->io, accept_into(state), state->log)) {}

    std::shared_ptr<ServerState> state;
    std::shared_ptr<Listener> listener;

  private:
    static Listener::Accepted accept_into(std::shared_ptr<ServerState> state) {
        return [state = std::move(state)](Channel::Socket socket, std::string peer) {
            const auto others = state->connections();
            if (others >= state->limits.connections + limits::turned_away_max) return;
            auto connection = std::make_shared<Connection>(state, std::move(socket), std::move(peer));
            auto& io = state->io;
            auto task = others < state->limits.connections ? Connection::serve(std::move(connection))
                                                           : Connection::turn_away(std::move(connection));
            boost::asio::co_spawn(io, std::move(task), boost::asio::detached);
        };
    }
};

Server::Server(IoContext& io, ServerLimits limits, Handler handler, ErrorBody error_body, Logger log)
    : implementation_(std::make_shared<Implementation>(std::make_shared<ServerState>(
          io, std::move(limits), std::move(handler), std::move(error_body), std::move(log)))) {}

Server::~Server() {
    stop();
}

void Server::check_heads(HeadCheck check) {
    implementation_->state->head_check = std::move(check);
}

Result<std::uint16_t> Server::listen(const std::string& host, std::uint16_t port, PortUse use) {
    return implementation_->listener->open(host, port, use);
}

void Server::drain(std::function<void()> drained) {
    implementation_->listener->close();
    implementation_->state->drain(std::move(drained));
}

void Server::stop() {
    implementation_->listener->close();
    implementation_->state->cut_all();
}

Server::Load Server::load() const {
    return Load{.connections = implementation_->state->connections(), .requests = implementation_->state->requests()};
}

}  // namespace rbees::net
