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
    EXPECT_EQ(response.error().kind, ClientErrorKind::refused);
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

}  // namespace
}  // namespace rbees::net
