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

TEST(ModelControl, PassesThePoolManagersHintOnWhenItWouldNotStartAWorker) {
    ControlHouse house;
    house.pools.refusal = contracts::Problem{
        .code = ErrorCode::MODEL_LOAD_FAILED, .detail = "the file was cut off", .hint = "rbees models rm smollm2"};
    house.node_registers("here", {"smollm2"});

    house.request(1, "smollm2");

    EXPECT_TRUE(house.run_until([&] { return house.answers.contains(1); }));
    EXPECT_EQ(house.refusal_of(1)->hint, "rbees models rm smollm2");
    EXPECT_EQ(house.refusal_of(1)->detail, "model smollm2 could not be loaded: the file was cut off");
    EXPECT_TRUE(house.workers().empty());
}

TEST(ModelControl, TakesNoMoreThanSixteenSourcesOfAModel) {
    ControlHouse house;
    ModelControl models(house.fleet, std::chrono::seconds(45));
    contracts::AddModel model{.id = ModelId("mine"), .sources = std::vector<contracts::ModelSource>(17)};
    std::optional<Checked<contracts::ModelView>> answer;

    models.add(model, [&](auto view) { answer = std::move(view); });

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->error().errors.front().pointer, "/sources");
}

}  // namespace
}  // namespace rbees::control
