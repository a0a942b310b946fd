#include <atomic>

#include <gtest/gtest.h>

#include "net_fixture.hpp"
#include "rbees/net/server.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::net {
namespace {

using namespace testing;
using std::chrono_literals::operator""ms;

Task<void> stream_three(Exchange& exchange) {
    Response head;
    static_cast<void>(co_await exchange.start(std::move(head)));
    for (const auto* piece : {"one ", "", "two ", "three"}) {
        static_cast<void>(co_await exchange.write(piece));
    }
    static_cast<void>(co_await exchange.finish());
}

TEST(ServerStream, SendsPiecesAndEndsProperly) {
    const ServerUnderTest server(stream_three);
    auto client = server.connect();

    const auto first = client.ask(get);
    const auto second = client.ask(get);

    EXPECT_EQ(first.header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(first.body, "one two three");
    EXPECT_TRUE(first.is_whole);
    EXPECT_EQ(second.body, "one two three");
}

TEST(ServerStream, EndsByTheCloseForHttp10) {
    const ServerUnderTest server(stream_three);
    auto client = server.connect();

    const auto answer = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

    EXPECT_EQ(answer.header("Transfer-Encoding"), "");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_EQ(answer.body, "one two three");
}

TEST(ServerStream, SendsNoBodyForHead) {
    const ServerUnderTest server(stream_three);
    auto client = server.connect();

    const auto head = client.ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD");
    const auto next = client.ask(get);

    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(next.body, "one two three");
}

/// A client that has the head of its answer.
RawConnection client_with_head(const ServerUnderTest& server) {
    auto client = server.connect();
    client.send(get);
    EXPECT_TRUE(client.wait_for_text("\r\n\r\n"));
    return client;
}

/// A stream that stops after the head until the client has gone.
struct HeadOnly {
    Event left;

    Task<void> run(Exchange& exchange) {
        std::atomic<bool> is_gone = false;
        exchange.when_client_leaves([&] { is_gone = true; });
        Response head;
        static_cast<void>(co_await exchange.start(std::move(head)));
        while (!is_gone)
            static_cast<void>(co_await wait_for(1ms));
        left.set();
    }
    Handler handler() {
        return [this](Exchange& exchange) { return run(exchange); };
    }
};

TEST(ServerStream, SendsTheHeadBeforeTheFirstPieceIsThere) {
    HeadOnly handler;
    const ServerUnderTest server(handler.handler());
    auto client = server.connect();

    client.send(get);

    EXPECT_TRUE(client.wait_for_text("chunked\r\n\r\n"));
}

TEST(ServerStream, TellsTheHandlerThatTheClientLeft) {
    HeadOnly handler;
    const ServerUnderTest server(handler.handler());
    auto client = client_with_head(server);

    client.close();

    EXPECT_TRUE(handler.left.wait());
}

TEST(ServerStream, TellsTheHandlerThatTheConnectionWasReset) {
    HeadOnly handler;
    const ServerUnderTest server(handler.handler());
    auto client = client_with_head(server);

    client.abort();

    EXPECT_TRUE(handler.left.wait());
}

TEST(ServerStream, NoticesTheEndBehindPipelinedBytes) {
    HeadOnly handler;
    const ServerUnderTest server(handler.handler());
    auto client = client_with_head(server);

    client.send(get);
    client.close();

    EXPECT_TRUE(handler.left.wait());
}

TEST(ServerStream, TellsTheHandlerWhenTheServerStops) {
    HeadOnly handler;
    ServerUnderTest server(handler.handler());
    auto client = client_with_head(server);

    server.on_thread([](Server& it) { it.stop(); });

    EXPECT_TRUE(handler.left.wait());
}

/// Watches, answers at once, and counts the calls of its watcher.
struct QuickWatcher {
    std::atomic<int> calls = 0;

    Task<void> run(Exchange& exchange) {
        exchange.when_client_leaves([this] { ++calls; });
        Response response;
        response.body = exchange.request().path;
        static_cast<void>(co_await exchange.respond(std::move(response)));
    }
    Handler handler() {
        return [this](Exchange& exchange) { return run(exchange); };
    }
};

TEST(ServerStream, ReadsTheNextRequestsWithTheReadThatWatched) {
    QuickWatcher handler;
    const ServerUnderTest server(handler.handler());
    auto client = server.connect();

    for (int i = 0; i < 20; ++i) {
        const auto path = "/" + std::to_string(i);
        EXPECT_EQ(client.ask("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n").body, path);
    }
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x') +
                std::string(get));

    EXPECT_EQ(client.answer().body, "/a");
    EXPECT_EQ(client.answer().body, "/");
}

TEST(ServerStream, IsSilentAboutAClientThatLeavesAfterTheAnswer) {
    QuickWatcher handler;
    ServerUnderTest server(handler.handler());
    auto client = server.connect();
    static_cast<void>(client.ask(get));

    client.close();

    EXPECT_TRUE(server.wait_for_load([](Server::Load load) { return load.connections == 0; }));
    EXPECT_EQ(handler.calls, 0);
}

Task<void> stop_in_the_middle(Exchange& exchange) {
    Response head;
    static_cast<void>(co_await exchange.start(std::move(head)));
    static_cast<void>(co_await exchange.write("half"));
}

TEST(ServerStream, NeverMakesAHalfStreamLookWhole) {
    const ServerUnderTest server(stop_in_the_middle);
    auto client = server.connect();
    auto old_client = server.connect();

    EXPECT_FALSE(client.ask(get).is_whole);
    old_client.send("GET / HTTP/1.0\r\n\r\n");
    char byte = 0;
    while (::recv(old_client.fd(), &byte, 1, 0) > 0) {
    }
    EXPECT_EQ(errno, ECONNRESET);
}

/// Writes pieces until the client is gone or a bound is reached, and counts them.
struct Firehose {
    static constexpr std::size_t piece_bytes = 64 * 1024;
    std::atomic<std::size_t> pieces = 0;
    Event stopped;

    Task<void> run(Exchange& exchange) {
        Response head;
        auto going = co_await exchange.start(std::move(head));
        while (going && pieces < 100'000) {
            std::string piece(piece_bytes, 'x');
            going = co_await exchange.write(std::move(piece));
            ++pieces;
        }
        stopped.set();
    }
    Handler handler() {
        return [this](Exchange& exchange) { return run(exchange); };
    }
};

TEST(ServerStream, SuspendsAWriterWhoseClientDoesNotRead) {
    Firehose handler;
    ServerUnderTest server(handler.handler());
    auto client = server.connect();
    const int small = 16 * 1024;
    ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client.send(get);
    ASSERT_TRUE(client.wait_for_text("\r\n\r\n"));

    // The loop still turns, and turns often, without taking more pieces than the kernel's buffers hold.
    for (std::size_t before = 1, now = 0; before != now;) {
        before = now;
        for (int turn = 0; turn < 1000; ++turn)
            static_cast<void>(server.on_thread([](Server& it) { return it.load(); }));
        now = handler.pieces;
    }

    EXPECT_FALSE(handler.stopped.is_set());
    EXPECT_LT(handler.pieces * Firehose::piece_bytes, 64U * 1024 * 1024);
    client.close();
    EXPECT_TRUE(handler.stopped.wait());
}

TEST(ServerStream, CutsAClientThatTakesNothingForTooLong) {
    Firehose handler;
    const ServerUnderTest server(handler.handler(), ServerLimits{.write_time = 100ms});
    auto client = server.connect();

    client.send(get);

    EXPECT_TRUE(handler.stopped.wait());
    EXPECT_LT(handler.pieces, 100'000U);
}

TEST(ServerStream, LetsOthersWorkWhileOneClientReadsAsFastAsItCan) {
    Firehose handler;
    ServerUnderTest server(handler.handler());
    auto client = client_with_head(server);
    Event done;
    std::thread reader([&] {
        std::array<char, 65536> bytes{};
        while (!done.is_set() && ::recv(client.fd(), bytes.data(), bytes.size(), 0) > 0) {
        }
    });

    const auto load = server.on_thread([](Server& it) { return it.load(); });
    done.set();
    reader.join();

    EXPECT_EQ(load.connections, 1U);
}

}  // namespace
}  // namespace rbees::net
