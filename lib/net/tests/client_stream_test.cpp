#include "rbees/net/client.hpp"

#include <atomic>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "client_fixture.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::net {
namespace {

using namespace testing;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class ClientStreamTest : public ClientTest {};

TEST_F(ClientStreamTest, StreamsWhatArrivesAndEndsWithAnEmptyPiece) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
        EXPECT_TRUE(got_one.wait());
        connection.send("3\r\ntwo\r\n0\r\n\r\n");
    });

    auto stream = open(request());
    ASSERT_TRUE(stream) << stream.error().detail;
    EXPECT_EQ((*stream)->status(), 200);
    EXPECT_EQ(run(io, (*stream)->read()), "one");
    got_one.set();

    EXPECT_EQ(run(io, (*stream)->read()), "two");
    EXPECT_EQ(run(io, (*stream)->read()), "");
    EXPECT_EQ(run(io, (*stream)->read()), "");
}

Task<void> close_soon(ClientStream& stream) {
    static_cast<void>(co_await wait_for(1ms));
    stream.close();
}

TEST_F(ClientStreamTest, CloseEndsAReadUnderWay) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        static_cast<void>(connection.rest());  // until the client's side ends
        closed.set();
    });
    auto stream = open(request());
    ASSERT_TRUE(stream) << stream.error().detail;

    boost::asio::co_spawn(io, close_soon(**stream), boost::asio::detached);
    const auto piece = run(io, (*stream)->read());

    ASSERT_FALSE(piece);
    EXPECT_EQ(piece.error().kind, ClientErrorKind::cancelled);
    EXPECT_TRUE(closed.wait());
}

Task<void> destroy_soon(std::unique_ptr<ClientStream> stream) {
    static_cast<void>(co_await wait_for(1ms));
    stream.reset();
}

TEST_F(ClientStreamTest, DestructionEndsAReadUnderWaySafely) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        static_cast<void>(connection.rest());
        closed.set();
    });
    auto stream = open(request());
    ASSERT_TRUE(stream) << stream.error().detail;

    auto reading = (*stream)->read();
    boost::asio::co_spawn(io, destroy_soon(std::move(*stream)), boost::asio::detached);
    const auto piece = run(io, std::move(reading));

    ASSERT_FALSE(piece);
    EXPECT_EQ(piece.error().kind, ClientErrorKind::cancelled);
    EXPECT_TRUE(closed.wait());
}

TEST_F(ClientStreamTest, LettingAStreamGoInTheMiddleClosesItsConnection) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal");
        static_cast<void>(connection.rest());
        closed.set();
    });

    {
        auto stream = open(request());
        ASSERT_TRUE(stream) << stream.error().detail;
    }

    EXPECT_TRUE(closed.wait());
}

Task<bool> race(Client& client, ClientRequest request) {
    using namespace boost::asio::experimental::awaitable_operators;
    auto winner = co_await (client.send(std::move(request)) || wait_for(20ms));
    co_return winner.index() == 1;
}

TEST_F(ClientStreamTest, GivesARequestUpWhenItsCoroutineIsCancelled) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        static_cast<void>(connection.rest());
        closed.set();
    });

    EXPECT_TRUE(run(io, race(client, request())));

    EXPECT_TRUE(closed.wait());
}

TEST_F(ClientStreamTest, LeavesNothingBehindWhenTheLoopIsDestroyedInTheMiddle) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        static_cast<void>(connection.rest());
        closed.set();
    });
    {
        IoContext own;
        Client short_lived(own);
        boost::asio::co_spawn(own, short_lived.send(request()), boost::asio::detached);
        for (int turn = 0; turn < 3; ++turn)
            own.run_one();
    }

    EXPECT_TRUE(closed.wait());
}

}  // namespace
}  // namespace rbees::net
