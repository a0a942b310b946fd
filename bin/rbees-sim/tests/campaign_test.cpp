#include "campaign.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

#include <map>
#include <vector>

namespace rbees::sim {
namespace {

simulation::Options small() {
    simulation::Options options;
    options.clients = 5;
    options.faults = 4;
    options.disturbed = std::chrono::seconds(30);
    options.steps_min = 0;
    return options;
}

TEST(Campaign, SeveralProcessesFindWhatOneFinds) {
    std::map<std::uint64_t, std::uint64_t> one;
    std::map<std::uint64_t, std::uint64_t> several;

    ASSERT_TRUE(run_campaign({.first = 3, .seeds = 4, .jobs = 1, .options = small()}, [&](const auto& outcome) {
        one[outcome.seed] = outcome.trace_hash;
        return GoOn::yes;
    }));
    ASSERT_TRUE(run_campaign({.first = 3, .seeds = 4, .jobs = 3, .options = small()}, [&](const auto& outcome) {
        several[outcome.seed] = outcome.trace_hash;
        return GoOn::yes;
    }));

    EXPECT_EQ(one.size(), 4U);
    EXPECT_EQ(one, several);
}

TEST(Campaign, AProcessThatDiesBetweenTwoSeedsFailsIt) {
    std::vector<std::uint64_t> seeds;
    Campaign campaign{.first = 1, .seeds = 3, .jobs = 1, .options = small()};
    campaign.prepare = [](std::uint64_t seed) {
        if (seed == 2) ::_exit(0);
    };

    const auto ran = run_campaign(campaign, [&](const auto& outcome) {
        seeds.push_back(outcome.seed);
        return GoOn::yes;
    });

    ASSERT_FALSE(ran);
    EXPECT_NE(describe(ran.error()).find("seed 2 was next"), std::string::npos) << describe(ran.error());
    EXPECT_EQ(seeds, std::vector<std::uint64_t>{1});
}

TEST(Campaign, EndsWhenItIsEnough) {
    int outcomes = 0;

    ASSERT_TRUE(run_campaign({.first = 1, .seeds = 50, .jobs = 1, .options = small()},
                             [&](const auto&) { return ++outcomes == 2 ? GoOn::no : GoOn::yes; }));

    EXPECT_EQ(outcomes, 2);
}

}  // namespace
}  // namespace rbees::sim
