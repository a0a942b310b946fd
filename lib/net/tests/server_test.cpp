#include "rbees/net/server.hpp"

#include <atomic>

#include <gtest/gtest.h>

#include "net_fixture.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::net {
namespace {

using namespace testing;

/// "METHOD path?name=value,... body".
Task<void> echo(Exchange& exchange) {
    const auto& request = exchange.request();
    std::string text = request.method + " " + request.path;
    for (const auto& [name, value] : request.query)
        text += "|" + name + "=" + value;
    Response response;
    response.body = text + " " + request.body;
    static_cast<void>(co_await exchange.respond(std::move(response)));
}

TEST(Server, AnswersSeveralRequestsOnOneConnection) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    const auto first = client.ask("GET /one HTTP/1.1\r\nHost: h\r\n\r\n");
    const auto second = client.ask("POST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");

    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, "GET /one ");
    EXPECT_EQ(second.body, "POST /two body");
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    client.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
        "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
        "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(client.answer().body, "GET /1 ");
    EXPECT_EQ(client.answer().body, "POST /2 x");
    EXPECT_EQ(client.answer().body, "GET /3 ");
}

TEST(Server, ReadsARequestThatComesByteByByte) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    for (const char c :
         std::string_view("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")) {
        client.send(std::string_view(&c, 1));
    }

    EXPECT_EQ(client.answer().body, "POST /x ab");
}

TEST(Server, ReadsAChunkedBodyAndGoesOnBehindIt) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    client.send(
        "POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
        "3;note=\"a b\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: ignored\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(client.answer().body, "POST /x abc0123456789");
    EXPECT_EQ(client.answer().body, "GET /y ");
}

TEST(Server, ReadsALongBodyWhole) {
    const ServerUnderTest server(echo);
    auto client = server.connect();
    std::string body(3'000'000, 'a');
    for (std::size_t i = 0; i < body.size(); i += 1000)
        body[i] = static_cast<char>('b' + i / 1000 % 20);

    const auto answer = client.ask("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + body);

    EXPECT_EQ(answer.body, "POST /x " + body);
}

TEST(Server, AsksForABodyThatWaitsForPermission) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    const auto permission =
        client.ask("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    const auto answer = client.ask("ok");

    EXPECT_EQ(permission.status, 100);
    EXPECT_EQ(answer.body, "POST /x ok");
}

TEST(Server, ClosesAfterAnAnswerToHttp10) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    const auto answer = client.ask("GET /x HTTP/1.0\r\n\r\n");

    EXPECT_EQ(answer.body, "GET /x ");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Server, KeepsAnHttp10ConnectionThatAsksForIt) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    const auto first = client.ask("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto second = client.ask("GET /y HTTP/1.0\r\n\r\n");

    EXPECT_EQ(first.header("Connection"), "keep-alive");
    EXPECT_EQ(second.body, "GET /y ");
}

TEST(Server, ClosesWhenTheClientAsksForIt) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    const auto answer = client.ask("GET /x HTTP/1.1\r\nHost: h\r\nConnection: foo, close\r\n\r\n");

    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Server, AnswersHeadWithTheLengthAndWithoutTheBody) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    const auto head = client.ask("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n", "HEAD");
    const auto next = client.ask("GET /y HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(head.header("Content-Length"), "8");
    EXPECT_EQ(next.body, "GET /y ");
}

TEST(Server, DecodesPathAndQueryOnce) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    const auto answer = client.ask("GET /a%2Fb%2520c?q=1+2&e&x%3D=%26&q=3 HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(answer.body, "GET /a/b%20c|q=1 2|e=|x==&|q=3 ");
}

Task<void> tell_host_and_target(Exchange& exchange) {
    const auto& request = exchange.request();
    Response response;
    response.body = std::string(request.headers.find("Host").value_or("none")) + " " + request.target;
    static_cast<void>(co_await exchange.respond(std::move(response)));
}

TEST(Server, TakesTheAbsoluteFormOfATargetAndItsHost) {
    const ServerUnderTest server(tell_host_and_target);
    auto client = server.connect();

    const auto answer = client.ask("GET http://example.org:81/p?q=1 HTTP/1.1\r\nHost: other\r\n\r\n");
    const auto short_answer = client.ask("GET HTTP://example.org?q HTTP/1.1\r\nHost: other\r\n\r\n");

    EXPECT_EQ(answer.body, "example.org:81 /p?q=1");
    EXPECT_EQ(short_answer.body, "example.org /?q");
}

TEST(Server, PassesUnknownMethodsToTheHandler) {
    const ServerUnderTest server(echo);
    auto client = server.connect();

    EXPECT_EQ(client.ask("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n").body, "BREW /pot ");
    EXPECT_EQ(client.ask("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").body, "OPTIONS * ");
}

Task<void> answer_with_evil_header(Exchange& exchange) {
    Response response{
        .status = 200, .headers = {{"X-Note", "a\r\nX-Evil: b"}, {"Content-Length", "999"}}, .body = "ok"};
    static_cast<void>(co_await exchange.respond(std::move(response)));
}

TEST(Server, LetsNoHeaderOfAHandlerChangeTheFraming) {
    const ServerUnderTest server(answer_with_evil_header);
    auto client = server.connect();

    const auto answer = client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(answer.header("X-Note"), "a  X-Evil: b");
    EXPECT_EQ(answer.header("Content-Length"), "2");
}

Task<void> forget_to_answer(Exchange&) {
    co_return;
}

TEST(Server, CutsTheConnectionWhenAHandlerDoesNotAnswer) {
    const ServerUnderTest server(forget_to_answer);
    auto client = server.connect();

    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(client.rest(), "");
}

Task<void> throw_up(Exchange&) {
    throw std::runtime_error("no");
    co_return;
}

TEST(Server, AnswersFiveHundredForAHandlerThatThrows) {
    const ServerUnderTest server(throw_up);
    auto client = server.connect();

    EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 500);
    EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status, 500);
}

TEST(Server, SaysThatAPortIsTaken) {
    const RawListener other;
    IoContext io;
    Server server(io, {}, echo, {}, {});

    const auto port = server.listen("127.0.0.1", other.port());

    ASSERT_FALSE(port);
    EXPECT_TRUE(port.error().message.contains("taken")) << port.error().message;
    EXPECT_TRUE(port.error().remedy.contains("ss -ltnp")) << port.error().remedy;
    EXPECT_TRUE(is_port_taken(port.error()));
}

TEST(Server, TellsATakenPortFromOtherTroubleWithListening) {
    IoContext io;
    Server server(io, {}, echo, {}, {});

    const auto port = server.listen("192.0.2.1", 0);  // an address for documentation: nobody has it

    ASSERT_FALSE(port);
    EXPECT_FALSE(is_port_taken(port.error())) << port.error().message;
}

TEST(Server, SharesItsPortOnlyWithServersThatJoinIt) {
    IoContext io;
    Server first(io, {}, echo, {}, {});
    Server second(io, {}, echo, {}, {});
    Server third(io, {}, echo, {}, {});

    const auto port = first.listen("127.0.0.1", 0);
    ASSERT_TRUE(port);

    EXPECT_EQ(second.listen("127.0.0.1", *port, PortUse::join), *port);
    EXPECT_FALSE(third.listen("127.0.0.1", *port));
}

TEST(Server, SaysWhichAddressTheMachineDoesNotHave) {
    IoContext io;
    Server server(io, {}, echo, {}, {});

    const auto port = server.listen("192.0.2.1", 0);

    ASSERT_FALSE(port);
    EXPECT_TRUE(port.error().message.contains("192.0.2.1")) << port.error().message;
}

/// A handler that answers when the test says so.
struct Gate {
    Event entered;
    std::atomic<bool> is_open = false;

    Task<void> pass(Exchange& exchange) {
        entered.set();
        while (!is_open)
            static_cast<void>(co_await wait_for(std::chrono::milliseconds(1)));
        Response response;
        response.body = "late";
        static_cast<void>(co_await exchange.respond(std::move(response)));
    }
    Handler handler() {
        return [this](Exchange& exchange) { return pass(exchange); };
    }
};

TEST(ServerDrain, FinishesTheRequestUnderWayAndThenTells) {
    Gate gate;
    Event drained;
    ServerUnderTest server(gate.handler());
    auto busy = server.connect();
    auto idle = server.connect();
    busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(gate.entered.wait());
    ASSERT_TRUE(server.wait_for_load([](Server::Load load) { return load.connections == 2; }));

    server.on_thread([&](Server& it) { it.drain([&] { drained.set(); }); });

    EXPECT_TRUE(idle.is_closed_by_peer());
    EXPECT_FALSE(drained.is_set());
    gate.is_open = true;
    const auto answer = busy.answer();
    EXPECT_EQ(answer.body, "late");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_TRUE(drained.wait());
}

TEST(ServerDrain, TellsAtOnceWhenNothingIsUnderWayAndEachTimeItIsAsked) {
    Event first;
    Event second;
    ServerUnderTest server(echo);

    server.on_thread([&](Server& it) { it.drain([&] { first.set(); }); });
    server.on_thread([&](Server& it) { it.drain([&] { second.set(); }); });

    EXPECT_TRUE(first.wait());
    EXPECT_TRUE(second.wait());
}

TEST(ServerDrain, CountsConnectionsAndRequests) {
    Gate gate;
    ServerUnderTest server(gate.handler());
    auto busy = server.connect();
    busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(gate.entered.wait());

    const auto load = server.on_thread([](Server& it) { return it.load(); });
    gate.is_open = true;
    static_cast<void>(busy.answer());
    busy.close();

    EXPECT_EQ(load.connections, 1U);
    EXPECT_EQ(load.requests, 1U);
    EXPECT_TRUE(server.wait_for_load([](Server::Load now) { return now.connections == 0 && now.requests == 0; }));
}

}  // namespace
}  // namespace rbees::net
