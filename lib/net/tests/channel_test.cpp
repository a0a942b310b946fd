#include "channel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "net_limits.hpp"

namespace rbees::net {
namespace {

TEST(Channel, GivesAPeerUpThatVanishedWithoutAWord) {
    IoContext io{1};
    Channel::Socket socket(io);
    socket.open(boost::asio::ip::tcp::v4());

    Channel channel(std::move(socket), std::make_shared<Deadlines>(io));

    unsigned milliseconds = 0;
    socklen_t size = sizeof milliseconds;
    ASSERT_EQ(::getsockopt(channel.socket().native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, &size), 0);
    EXPECT_EQ(std::chrono::milliseconds(milliseconds), limits::vanished_after);
}

}  // namespace
}  // namespace rbees::net
