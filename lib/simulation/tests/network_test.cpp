#include "network.hpp"

#include <gtest/gtest.h>

#include <string>

#include "pipe.hpp"

namespace rbees::simulation {
namespace {

struct Wire {
    Wire() {
        client.start();
        server.start();
    }

    void settle(Duration time = std::chrono::minutes(1)) {
        const auto until = agenda.now() + time;
        agenda.at(until, [] {});
        while (agenda.now() < until && agenda.step()) {
        }
    }

    /// Calls, and tells what came.
    void call() {
        network.call<int>(
            {client, server, std::chrono::seconds(10)},
            [this](const std::function<void(int)>& answer) {
                ++served;
                answer(7);
            },
            [this](std::expected<int, CallFailure> answer) {
                ++replies;
                last = answer;
            });
    }

    Agenda agenda;
    Network network{agenda, Random(1)};
    Process client{agenda, "client", client_host};
    Process server{agenda, "server", orcd_host};
    int served = 0;
    int replies = 0;
    std::expected<int, CallFailure> last{0};
};

TEST(Network, CallIsAnswered) {
    Wire wire;

    wire.call();
    wire.settle();

    EXPECT_EQ(wire.last, 7);
}

TEST(Network, CallToADeadProcessIsRefusedAtOnce) {
    Wire wire;
    wire.server.die();

    wire.call();
    wire.settle(std::chrono::seconds(1));

    EXPECT_EQ(wire.last, std::unexpected(CallFailure::refused));
}

TEST(Network, LostAnswerIsNoAnswerThoughTheCallWasServed) {
    Wire wire;
    wire.network.cut(orcd_host, client_host);

    for (int i = 0; i < 20; ++i) {
        wire.call();
    }
    wire.settle();

    EXPECT_EQ(wire.replies, 20);
    EXPECT_GT(wire.served, 0);
    EXPECT_FALSE(wire.last);
}

TEST(Network, DuplicateIsServedTwiceAndAnsweredOnce) {
    Wire wire;
    wire.network.weather.duplicates_per_mille = 1'000;

    wire.call();
    wire.settle();

    EXPECT_EQ(wire.served, 2);
    EXPECT_EQ(wire.replies, 1);
}

TEST(Network, PipeKeepsItsOrderAndWaitsWhileTheNetworkIsCut) {
    Wire wire;
    wire.network.weather.delay_max = std::chrono::seconds(1);
    std::string got;
    const auto pipe = wire.network.pipe(wire.server, wire.client, [&] { got += "."; });

    pipe->send([&] { got += "a"; });
    wire.network.cut(orcd_host, client_host);
    pipe->send([&] { got += "b"; });
    pipe->send([&] { got += "c"; });
    wire.settle();
    const auto before = got;
    wire.network.heal(orcd_host, client_host);
    pipe->close();
    wire.settle();

    EXPECT_EQ(before, "a");
    EXPECT_EQ(got, "abc.");
}

TEST(Network, DeathOfTheSenderClosesThePipe) {
    Wire wire;
    std::string got;
    const auto pipe = wire.network.pipe(wire.server, wire.client, [&] { got += "."; });

    wire.server.die();
    wire.settle();

    EXPECT_EQ(got, ".");
}

TEST(Process, FrozenOneDoesEverythingWhenItIsThawed) {
    Wire wire;
    wire.server.freeze();

    wire.call();
    wire.settle(std::chrono::seconds(1));
    const auto before = wire.served;
    wire.server.thaw();
    wire.settle();

    EXPECT_EQ(before, 0);
    EXPECT_EQ(wire.last, 7);
}

}  // namespace
}  // namespace rbees::simulation
