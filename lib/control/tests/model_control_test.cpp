#include "rbees/control/model_control.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "control_house.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;

TEST(ModelControl, GivesADeletionUpWhoseWorkersDoNotEnd) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});
    house.node_reports("here", ControlHouse::ready("worker", "smollm2", 1));
    ModelControl models(house.fleet, std::chrono::seconds(45));
    std::optional<Done> answer;

    models.remove("smollm2", [&](const Done& done) { answer = done; });

    EXPECT_TRUE(house.run_until([&] { return answer.has_value(); })) << "without any other change";
    EXPECT_EQ(answer->error().code, ErrorCode::CONFLICT);
}

}  // namespace
}  // namespace rbees::control
