#include <fcntl.h>
#include <sys/resource.h>

#include <vector>

#include <gtest/gtest.h>

#include "net_fixture.hpp"
#include "rbees/net/server.hpp"

namespace rbees::net {
namespace {

using namespace testing;
using std::chrono_literals::operator""ms;

Task<void> say_ok(Exchange& exchange) {
    Response response;
    response.body = "ok";
    static_cast<void>(co_await exchange.respond(std::move(response)));
}

class ServerLimitsTest : public ::testing::Test {
  protected:
    /// What a server with these limits answers to these bytes, and that it closes.
    static RawAnswer answer_to(ServerLimits limits, const std::string& bytes) {
        const ServerUnderTest server(say_ok, limits);
        auto client = server.connect();
        auto answer = client.ask(bytes);
        EXPECT_TRUE(client.is_closed_by_peer());
        return answer;
    }
};

TEST_F(ServerLimitsTest, RefusesAHeadThatIsTooLarge) {
    const auto answer =
        answer_to({.header = Bytes(1000)}, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(1000, 'x') + "\r\n\r\n");

    EXPECT_EQ(answer.status, 431);
    EXPECT_EQ(answer.header("X-Limit"), "header");
    EXPECT_EQ(answer.body, "the head of the request is larger than 1000 bytes");
}

TEST_F(ServerLimitsTest, RefusesAHeadThatIsTooLargeBeforeItsEnd) {
    const auto answer = answer_to({.header = Bytes(1000)}, "GET /" + std::string(20'000, 'x'));

    EXPECT_EQ(answer.status, 431);
}

TEST_F(ServerLimitsTest, RefusesABodyBeforeReadingIt) {
    const auto answer = answer_to({.body = Bytes(10)}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");

    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.header("X-Limit"), "body.limit");
    EXPECT_EQ(answer.body, "the body of the request is larger than 10 bytes");
}

TEST_F(ServerLimitsTest, DoesNotAskForABodyItWouldRefuse) {
    const auto answer = answer_to({.body = Bytes(10)},
                                  "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");

    EXPECT_EQ(answer.status, 413);
}

TEST_F(ServerLimitsTest, TellsAClientThatIsStillSendingWhyItsBodyIsRefused) {
    const auto answer = answer_to({.body = Bytes(10)}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n" +
                                                           std::string(4'000'000, 'x'));

    EXPECT_EQ(answer.status, 413);
    EXPECT_TRUE(answer.is_whole);
}

TEST_F(ServerLimitsTest, RefusesAChunkedBodyThatGrowsTooLarge) {
    const auto answer = answer_to({.body = Bytes(10)},
                                  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "8\r\n01234567\r\n8\r\n01234567\r\n");

    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.header("X-Limit"), "body.limit");
}

TEST_F(ServerLimitsTest, RefusesTrailersThatAreTooLarge) {
    const auto answer = answer_to({.header = Bytes(1000)},
                                  "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "0\r\nX: " +
                                      std::string(10'000, 'x'));

    EXPECT_EQ(answer.status, 431);
    EXPECT_EQ(answer.header("X-Limit"), "header");
}

TEST_F(ServerLimitsTest, TakesABodyOfExactlyTheLimit) {
    const ServerUnderTest server(say_ok, {.body = Bytes(10)});
    auto client = server.connect();

    EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789").status, 200);
}

TEST_F(ServerLimitsTest, EndsAHeadThatTakesTooLong) {
    const auto answer = answer_to({.header_time = 30ms}, "GET / HT");

    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.header("X-Limit"), "header_time");
}

TEST_F(ServerLimitsTest, EndsABodyThatTakesTooLong) {
    const auto sized = answer_to({.body_time = 30ms}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx");
    const auto large = answer_to({.body_time = 30ms}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\nx");
    const auto chunked =
        answer_to({.body_time = 30ms}, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx");

    for (const auto& answer : {sized, large, chunked}) {
        EXPECT_EQ(answer.status, 408);
        EXPECT_EQ(answer.header("X-Limit"), "body_time");
    }
}

TEST_F(ServerLimitsTest, ClosesAnIdleConnectionWithoutAWord) {
    const ServerUnderTest server(say_ok, {.idle_time = 30ms});
    auto fresh = server.connect();
    auto used = server.connect();

    EXPECT_EQ(used.ask(get).status, 200);

    EXPECT_TRUE(fresh.is_closed_by_peer());
    EXPECT_TRUE(used.is_closed_by_peer());
}

TEST_F(ServerLimitsTest, TurnsAwayConnectionsOverTheLimitAndTakesNewOnesLater) {
    ServerUnderTest server(say_ok, {.connections = 2});
    auto first = server.connect();
    auto second = server.connect();
    EXPECT_EQ(first.ask(get).status, 200);
    EXPECT_EQ(second.ask(get).status, 200);

    auto third = server.connect();
    const auto answer = third.ask(get);

    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("X-Limit"), "connections");
    EXPECT_EQ(answer.header("Retry-After"), "1");
    EXPECT_TRUE(third.is_closed_by_peer());
    third.close();
    second.close();
    ASSERT_TRUE(server.wait_for_load([](Server::Load load) { return load.connections == 1; }));
    EXPECT_EQ(server.connect().ask(get).status, 200);
}

/// Lowers the number of descriptors the process may open, until destruction.
class DescriptorLimit {
  public:
    explicit DescriptorLimit(rlim_t limit) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const rlimit lower{.rlim_cur = limit, .rlim_max = before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &lower);
    }
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

TEST_F(ServerLimitsTest, OutlivesALackOfDescriptors) {
    ServerUnderTest server(say_ok);
    auto old_client = server.connect();
    EXPECT_EQ(old_client.ask(get).status, 200);
    // The client's own descriptor is the last one below the limit: the server's side of it has none.
    UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto limit = static_cast<rlim_t>(next.get()) + 1;
    next.reset();
    {
        const DescriptorLimit starved(limit);
        auto refused = server.connect();
        EXPECT_TRUE(refused.is_closed_by_peer());
        EXPECT_EQ(old_client.ask(get).status, 200);
    }

    EXPECT_EQ(server.connect().ask(get).status, 200);
}

}  // namespace
}  // namespace rbees::net
