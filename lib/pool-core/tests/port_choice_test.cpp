#include "rbees/pool_core/port_choice.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rbees::pool {
namespace {

const auto every = [](std::uint16_t) { return true; };

TEST(PortChoice, TakesTheFirstFreeOne) {
    EXPECT_EQ(choose_worker_port({}, every), 8001);
    EXPECT_EQ(choose_worker_port({}, [](std::uint16_t port) { return port > 8005; }), 8006);
}

TEST(PortChoice, LeavesThePortsOfTheOtherNodesFree) {
    EXPECT_EQ(choose_worker_port({8001}, every), 8004);
    EXPECT_EQ(choose_worker_port({}, [](std::uint16_t port) { return port == 8080 || port == 8090; }), 8090);
}

TEST(PortChoice, AnswersNothingWhenAllAreTaken) {
    EXPECT_EQ(choose_worker_port({}, [](std::uint16_t) { return false; }), std::nullopt);
}

RC_GTEST_PROP(PortChoiceProperty, NeverTakesAnExcludedPort, (const std::set<std::uint16_t>& offsets)) {
    std::set<std::uint16_t> excluded;
    for (const auto offset : offsets) {
        excluded.insert(static_cast<std::uint16_t>(8001 + offset % 1000));
    }

    const auto port = choose_worker_port(excluded, every);

    RC_ASSERT(port);
    RC_ASSERT(!excluded.contains(*port));
    RC_ASSERT(*port >= worker_port_first && *port <= worker_port_last);
}

}  // namespace
}  // namespace rbees::pool
