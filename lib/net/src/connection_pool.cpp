#include "connection_pool.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net_limits.hpp"

namespace rbees::net {

namespace {

/// Whether the peer neither closed nor said anything: bytes nobody asked for would be taken for the next answer.
bool is_quiet(Channel& channel) {
    if (!channel.is_open()) return false;
    char byte = 0;
    const auto count = ::recv(channel.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

ConnectionPool::ConnectionPool(IoContext& io, std::size_t idle_per_host)
    : io_(io), idle_per_host_(idle_per_host), deadlines_(std::make_shared<Deadlines>(io)) {
    deadlines_->watch(*this);
}

ConnectionPool::~ConnectionPool() {
    deadlines_->forget(*this);
}

std::shared_ptr<Channel> ConnectionPool::take(const std::string& authority) {
    const auto found = idle_.find(authority);
    if (found == idle_.end()) return nullptr;
    auto& waiting = found->second;
    while (!waiting.empty()) {
        auto channel = std::move(waiting.back().channel);
        waiting.pop_back();
        if (is_quiet(*channel)) return channel;
    }
    return nullptr;
}

void ConnectionPool::put(const std::string& authority, std::shared_ptr<Channel> channel) {
    auto& waiting = idle_[authority];
    if (waiting.size() >= idle_per_host_) return;
    waiting.push_back(Idle{std::move(channel), BootClock::now()});
    deadlines_->set(*this, limits::sweep_interval);
}

void ConnectionPool::on_deadline() {
    const auto too_old = BootClock::now() - limits::idle_time;
    for (auto& [authority, waiting] : idle_) {
        std::erase_if(waiting, [&](const Idle& idle) { return idle.since < too_old; });
    }
    std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
    if (!idle_.empty()) deadlines_->set(*this, limits::sweep_interval);
}

}  // namespace rbees::net
