#include "channel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "net_limits.hpp"

namespace rbees::net {
namespace {

int option(Channel& channel, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(::getsockopt(channel.socket().native_handle(), level, name, &value, &size), 0);
    return value;
}

Channel open_channel(IoContext& io) {
    Channel::Socket socket(io);
    socket.open(boost::asio::ip::tcp::v4());
    return Channel(std::move(socket), std::make_shared<Deadlines>(io));
}

/// What the kernel makes of these is tried with real connections in tests/clients/test_partitions.py.
TEST(Channel, GivesAPeerUpThatVanishedWithoutAWord) {
    IoContext io{1};
    auto channel = open_channel(io);

    const std::chrono::seconds first(option(channel, IPPROTO_TCP, TCP_KEEPIDLE));
    const std::chrono::seconds next(option(channel, IPPROTO_TCP, TCP_KEEPINTVL));
    EXPECT_EQ(std::chrono::milliseconds(option(channel, IPPROTO_TCP, TCP_USER_TIMEOUT)), limits::vanished_after);
    EXPECT_EQ(option(channel, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(first + option(channel, IPPROTO_TCP, TCP_KEEPCNT) * next, limits::vanished_after);
}

/// What comes of it is tried with a reader that reads nothing, in bin/rbees-orcd/tests/task_streams_test.cpp.
TEST(Channel, LetsTheKernelKeepLittleThatIsNotOnItsWay) {
    IoContext io{1};
    auto channel = open_channel(io);

    EXPECT_EQ(option(channel, IPPROTO_TCP, TCP_NOTSENT_LOWAT), limits::unsent_bytes);
}

}  // namespace
}  // namespace rbees::net
