#include "server_state.hpp"

#include <boost/asio/post.hpp>

#include "connection.hpp"
#include "rbees/base/assert.hpp"

namespace rbees::net {

void ServerState::add(Connection& connection) {
    connection.place_ = connections_.size();
    connections_.push_back(&connection);
}

void ServerState::remove(Connection& connection) {
    connections_[connection.place_] = connections_.back();
    connections_[connection.place_]->place_ = connection.place_;
    connections_.pop_back();
}

void ServerState::end_request() {
    RBEES_ASSERT(requests_ > 0);
    --requests_;
    if (draining_ && requests_ == 0) tell_drained();
}

void ServerState::drain(std::function<void()> drained) {
    draining_ = true;
    when_drained_.push_back(std::move(drained));
    for (auto* connection : connections_)
        connection->close_if_idle();
    if (requests_ == 0) tell_drained();
}

void ServerState::tell_drained() {
    for (auto& drained : std::exchange(when_drained_, {})) {
        if (drained) boost::asio::post(io, std::move(drained));
    }
}

void ServerState::cut_all() {
    for (auto* connection : connections_)
        connection->cut();
}

}  // namespace rbees::net
