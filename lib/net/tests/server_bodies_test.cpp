/// Which bodies are read at all, and how much of them is held at once.

#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "net_fixture.hpp"
#include "parser.hpp"
#include "rbees/net/body_budget.hpp"
#include "rbees/net/server.hpp"

namespace rbees::net {
namespace {

using namespace testing;

std::string post(std::string_view target, std::string_view fields, std::string_view body = "") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n\r\n" +
           std::string(body);
}

std::string length(std::size_t bytes) {
    return "Content-Length: " + std::to_string(bytes);
}

/// 401 for a body that was left where it was; else the size of the body.
Task<void> tell_size(Exchange& exchange) {
    const auto& request = exchange.request();
    Response response{.status = request.is_body_left ? 401 : 200, .headers = {}, .body = {}};
    response.body = std::to_string(request.body.size());
    static_cast<void>(co_await exchange.respond(std::move(response)));
}

/// Nothing of "/secret" is read, ten bytes of "/small", of others as much as the server takes.
std::optional<BodyBound> check(const Request& head) {
    if (head.path == "/secret") return std::nullopt;
    if (head.path == "/small") return BodyBound{Bytes(10), "small_max"};
    return BodyBound{Bytes(1'000'000), "large_max"};
}

TEST(ServerBodies, RefusesByTheHeadWithoutReadingTheBody) {
    const ServerUnderTest server(tell_size, {}, check);
    for (const auto& fields : {length(1'000'000), std::string("Transfer-Encoding: chunked"),
                               length(1'000'000) + "\r\nExpect: 100-continue"}) {
        auto client = server.connect();

        const auto answer = client.ask(post("/secret", fields));

        EXPECT_EQ(answer.status, 401) << fields;
        EXPECT_EQ(answer.body, "0");
        EXPECT_EQ(answer.header("Connection"), "close");
        EXPECT_TRUE(client.is_closed_by_peer());
    }
}

TEST(ServerBodies, KeepsAConnectionWhoseRefusedBodyHadCome) {
    const ServerUnderTest server(tell_size, {}, check);
    auto client = server.connect();

    client.send(post("/secret", length(5), "GET /") + std::string(get));

    EXPECT_EQ(client.answer().status, 401);
    const auto next = client.answer();
    EXPECT_EQ(next.status, 200);
    EXPECT_EQ(next.body, "0");
}

TEST(ServerBodies, BoundsABodyByItsHead) {
    const ServerUnderTest server(tell_size, {.body = Bytes(20)}, check);
    const auto refused_by = [&](const std::string& request) {
        const auto answer = server.connect().ask(request);
        EXPECT_EQ(answer.status, 413);
        return answer.header("X-Limit");
    };

    EXPECT_EQ(server.connect().ask(post("/small", length(10), "0123456789")).body, "10");
    EXPECT_EQ(refused_by(post("/small", length(11))), "small_max");
    EXPECT_EQ(refused_by(post("/small", "Transfer-Encoding: chunked", "b\r\n0123456789a\r\n")), "small_max");
    EXPECT_EQ(refused_by(post("/large", length(21))), "body.limit");
}

TEST(ServerBodies, TellsTheErrorBodyWhatWasAskedFor) {
    const ServerUnderTest server(tell_size, {.header = Bytes(1000)}, check);
    const auto target_of = [&](const std::string& request) { return server.connect().ask(request).header("X-Target"); };

    EXPECT_EQ(target_of(post("/small?x=1", length(11))), "/small?x=1");
    EXPECT_EQ(target_of("POST /bad HTTP/1.1\r\nHost : h\r\n\r\n"), "/bad");
    EXPECT_EQ(target_of("GET /long" + std::string(2000, 'x')).substr(0, 6), "/longx");
}

TEST(ServerBodies, RefusesABodyThatDoesNotFitBesideOthersAndTakesItLater) {
    const auto budget = std::make_shared<BodyBudget>(Bytes(100'000));
    ServerUnderTest server(tell_size, {.bodies = budget});
    auto slow = server.connect();
    slow.send(post("/", length(80'000), std::string(79'999, 'x')));
    ASSERT_TRUE(server.wait_for_load([&](Server::Load) { return budget->held() >= Bytes(79'999); }));

    for (const auto& request : {post("/", length(60'000), std::string(60'000, 'x')),
                                post("/", "Transfer-Encoding: chunked", "ea60\r\n" + std::string(60'000, 'x'))}) {
        const auto answer = server.connect().ask(request);

        EXPECT_EQ(answer.status, 503);
        EXPECT_EQ(answer.header("X-Limit"), "bodies.limit");
        EXPECT_EQ(answer.header("Retry-After"), "1");
    }
    EXPECT_EQ(slow.ask("x").body, "80000");
    ASSERT_TRUE(server.wait_for_load([&](Server::Load) { return budget->held() == Bytes(0); }));
    EXPECT_EQ(server.connect().ask(post("/", length(60'000), std::string(60'000, 'x'))).body, "60000");
}

TEST(ServerBodies, GivesBackWhatABrokenOffBodyHeld) {
    const auto budget = std::make_shared<BodyBudget>(Bytes(100'000));
    ServerUnderTest server(tell_size, {.bodies = budget});
    auto client = server.connect();
    client.send(post("/", length(80'000), std::string(70'000, 'x')));
    ASSERT_TRUE(server.wait_for_load([&](Server::Load) { return budget->held() >= Bytes(70'000); }));

    client.abort();

    EXPECT_TRUE(server.wait_for_load([&](Server::Load) { return budget->held() == Bytes(0); }));
}

TEST(ChunkedBody, MayBeEmptyAndComeByteByByte) {
    MessageParser parser(MessageParser::Kind::request);
    ASSERT_TRUE(parser.parse_head("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    std::string body;
    std::string buffer;
    bool is_complete = false;

    for (const char byte : std::string_view("0\r\n\r\n")) {
        buffer += byte;
        const auto chunks = parser.parse_chunks(buffer, body);
        ASSERT_TRUE(chunks);
        buffer.erase(0, chunks->used);
        is_complete = chunks->is_complete;
    }

    EXPECT_TRUE(is_complete);
    EXPECT_EQ(body, "");
    EXPECT_EQ(buffer, "");
}

TEST(BodyBudget, GivesAllOfItAndNeverMore) {
    BodyBudget budget(Bytes(10));

    EXPECT_TRUE(budget.take(Bytes(10)));
    EXPECT_FALSE(budget.take(Bytes(1)));
    EXPECT_TRUE(budget.take(Bytes(0)));
    budget.give_back(Bytes(4));
    EXPECT_FALSE(budget.take(Bytes(UINT64_MAX)));
    EXPECT_TRUE(budget.take(Bytes(4)));
    EXPECT_EQ(budget.held(), Bytes(10));
}

}  // namespace
}  // namespace rbees::net
