#include "rbees/net/client.hpp"

#include <atomic>
#include <future>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "net_fixture.hpp"
#include "rbees/net/run.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::net {
namespace {

using namespace testing;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// A client on the test's thread and a peer on another, which says what the test says.
class ClientTest : public ::testing::Test {
  protected:
    template <class Script>
    void play(Script script) {
        peer = std::async(std::launch::async, [this, script = std::move(script)] { script(listener); });
    }
    ~ClientTest() override {
        if (peer.valid()) peer.get();
    }

    ClientRequest request(std::string target = "/") {
        ClientRequest made;
        made.url = Url{.scheme = "http", .host = "127.0.0.1", .port = listener.port(), .target = std::move(target)};
        made.timeouts = Timeouts{.connect = 10s, .head = 10s, .body = 10s};
        return made;
    }
    auto send(ClientRequest made) { return run(io, client.send(std::move(made))); }
    auto open(ClientRequest made) { return run(io, client.open(std::move(made))); }

    /// Answers the first request of a new connection with these bytes, and closes.
    void play_answer(std::string bytes) {
        play([bytes = std::move(bytes)](RawListener& from) {
            auto connection = from.accept();
            EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
            connection.send(bytes);
        });
    }
    ClientErrorKind error_of(std::string answer) {
        play_answer(std::move(answer));
        const auto response = send(request());
        EXPECT_FALSE(response.has_value());
        return response ? ClientErrorKind::cancelled : response.error().kind;
    }

    IoContext io{1};
    Client client{io};
    RawListener listener;
    // What the peer uses lives here, because it may still use it when the test's body is over.
    Event closed;
    Event over;
    Event said;
    Event got_one;
    std::string seen;
    std::future<void> peer;
};

TEST_F(ClientTest, SendsMethodTargetHeadersAndBody) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("the body"));
        connection.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-A: b\r\nConnection: close\r\n\r\nok");
        connection.finish_sending();
        seen = connection.rest();
    });
    auto made = request("/path?q=1");
    made.method = "POST";
    made.headers = {{"X-Test", "yes\r\nX-Evil: no"}, {"Transfer-Encoding", "gzip"}};
    made.body = "the body";

    const auto response = send(std::move(made));

    ASSERT_TRUE(response) << response.error().detail;
    EXPECT_EQ(response->status, 201);
    EXPECT_EQ(response->body, "ok");
    EXPECT_EQ(response->headers.find("x-a"), "b");
    peer.get();
    EXPECT_EQ(seen, "POST /path?q=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(listener.port()) +
                        "\r\nX-Test: yes  X-Evil: no\r\nContent-Length: 8\r\n\r\nthe body");
}

TEST_F(ClientTest, UsesOneConnectionForRequestsThatFollowEachOther) {
    play([](RawListener& from) {
        auto connection = from.accept();
        for (const auto* body : {"1", "2"}) {
            EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
            connection.take_head();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::string(body));
        }
    });

    EXPECT_EQ(send(request())->body, "1");
    EXPECT_EQ(send(request())->body, "2");
}

TEST_F(ClientTest, ReadsAChunkedAnswer) {
    play_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: u\r\n\r\n");

    EXPECT_EQ(send(request())->body, "abcde");
}

TEST_F(ClientTest, ReadsAnAnswerThatEndsWithTheConnection) {
    play_answer("HTTP/1.0 200 OK\r\n\r\nuntil the close");

    EXPECT_EQ(send(request())->body, "until the close");
}

TEST_F(ClientTest, SkipsInterimAnswers) {
    play_answer(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "1\r\n\r\nx");

    EXPECT_EQ(send(request())->body, "x");
}

TEST_F(ClientTest, ReadsNoBodyAfterHeadAndWithoutContent) {
    play([](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.take_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("HTTP/1.1 204 No Content\r\n\r\n");
    });
    auto head = request();
    head.method = "HEAD";

    const auto first = send(std::move(head));
    const auto second = send(request());

    EXPECT_EQ(first->headers.find("Content-Length"), "5");
    EXPECT_EQ(first->body, "");
    EXPECT_EQ(second->status, 204);
}

TEST_F(ClientTest, CallsATruncatedAnswerCut) {
    EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), ClientErrorKind::cut);
    EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"), ClientErrorKind::cut);
    EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha"), ClientErrorKind::cut);
    EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nContent-Le"), ClientErrorKind::cut);
    EXPECT_EQ(error_of(""), ClientErrorKind::cut);
}

TEST_F(ClientTest, CallsAResetInTheMiddleCutEvenWhereTheCloseWouldBeTheEnd) {
    play([](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("HTTP/1.0 200 OK\r\n\r\nhalf");
        connection.abort();
    });

    const auto response = send(request());

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ClientErrorKind::cut);
}

TEST_F(ClientTest, RefusesWhatIsNotProperHttp) {
    for (const auto* answer :
         {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 20 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
        EXPECT_EQ(error_of(answer), ClientErrorKind::malformed) << answer;
    }
    EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')), ClientErrorKind::malformed);
}

TEST_F(ClientTest, StopsAtTheLimitOfTheAnswer) {
    play_answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n");
    auto stated = request();
    stated.answer_limit = Bytes(10);
    EXPECT_EQ(send(std::move(stated)).error().kind, ClientErrorKind::too_large);

    play_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n");
    auto growing = request();
    growing.answer_limit = Bytes(10);
    EXPECT_EQ(send(std::move(growing)).error().kind, ClientErrorKind::too_large);
}

TEST_F(ClientTest, SendsAgainWhenAPooledConnectionTurnsOutToBeClosed) {
    play([&](RawListener& from) {
        auto first = from.accept();
        EXPECT_TRUE(first.wait_for_text("\r\n\r\n"));
        first.take_head();
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        EXPECT_TRUE(first.wait_for_text("\r\n\r\n"));  // the second request came, and gets no byte of an answer
        first.abort();
        auto second = from.accept();
        EXPECT_TRUE(second.wait_for_text("\r\n\r\n"));
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    });

    EXPECT_EQ(send(request())->body, "1");
    EXPECT_EQ(send(request())->body, "2");
}

TEST_F(ClientTest, DoesNotSendAgainOnceAByteOfTheAnswerHasCome) {
    play([](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.take_head();
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("H");
    });

    EXPECT_EQ(send(request())->body, "1");
    const auto second = send(request());

    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ClientErrorKind::cut);
}

TEST_F(ClientTest, TakesNoBytesOfAnIdleConnectionForAnAnswer) {
    play([&](RawListener& from) {
        auto first = from.accept();
        EXPECT_TRUE(first.wait_for_text("\r\n\r\n"));
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        first.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
        said.set();
        auto second = from.accept();
        EXPECT_TRUE(second.wait_for_text("\r\n\r\n"));
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
    });

    EXPECT_EQ(send(request())->body, "1");
    ASSERT_TRUE(said.wait());
    EXPECT_EQ(send(request())->body, "2");
}

TEST_F(ClientTest, ReadsARefusalThatComesBeforeTheWholeRequestIsTaken) {
    play([](RawListener& from) {
        auto connection = from.accept();
        EXPECT_TRUE(connection.wait_for_text("\r\n\r\n"));
        connection.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        connection.finish_sending();
        static_cast<void>(connection.rest());
    });
    auto made = request();
    made.method = "POST";
    made.body = std::string(8'000'000, 'x');

    EXPECT_EQ(send(std::move(made))->status, 413);
}

TEST_F(ClientTest, SaysThatNothingListens) {
    auto made = request();
    {
        const RawListener gone;
        made.url.port = gone.port();
    }

    const auto response = send(std::move(made));

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ClientErrorKind::cannot_connect);
    EXPECT_TRUE(response.error().detail.contains("refused")) << response.error().detail;
}

TEST_F(ClientTest, FindsAHostByItsName) {
    play_answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    auto made = request();
    made.url.host = "localhost";

    EXPECT_EQ(send(std::move(made))->body, "ok");
}

TEST_F(ClientTest, RefusesHttpsForNow) {
    auto made = request();
    made.url.scheme = "https";

    const auto response = send(std::move(made));

    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().kind, ClientErrorKind::cannot_connect);
    EXPECT_TRUE(response.error().detail.contains("https is not built in yet")) << response.error().detail;
}

TEST_F(ClientTest, GivesUpOnAHeadOrABodyThatTakesTooLong) {
    play([&](RawListener& from) {
        auto silent = from.accept();
        auto stuck = from.accept();
        EXPECT_TRUE(stuck.wait_for_text("\r\n\r\n"));
        stuck.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        EXPECT_TRUE(over.wait());
    });
    auto silent = request();
    silent.timeouts.head = 30ms;
    auto stuck = request();
    stuck.timeouts.body = 30ms;

    const auto first = send(std::move(silent));
    const auto second = send(std::move(stuck));
    over.set();

    EXPECT_EQ(first.error().kind, ClientErrorKind::timed_out);
    EXPECT_EQ(second.error().kind, ClientErrorKind::timed_out);
}

TEST_F(ClientTest, StreamsWhatArrivesAndEndsWithAnEmptyPiece) {
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

TEST_F(ClientTest, CloseEndsAReadUnderWay) {
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

TEST_F(ClientTest, DestructionEndsAReadUnderWaySafely) {
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

TEST_F(ClientTest, LettingAStreamGoInTheMiddleClosesItsConnection) {
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

TEST_F(ClientTest, GivesARequestUpWhenItsCoroutineIsCancelled) {
    play([&](RawListener& from) {
        auto connection = from.accept();
        static_cast<void>(connection.rest());
        closed.set();
    });

    EXPECT_TRUE(run(io, race(client, request())));

    EXPECT_TRUE(closed.wait());
}

TEST_F(ClientTest, LeavesNothingBehindWhenTheLoopIsDestroyedInTheMiddle) {
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
