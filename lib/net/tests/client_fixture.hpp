#pragma once
/// @file
/// A client on the test's thread and a raw peer on another, for the tests of the client.

#include <future>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "net_fixture.hpp"
#include "rbees/net/client.hpp"
#include "rbees/net/run.hpp"

namespace rbees::net::testing {

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

}  // namespace rbees::net::testing
