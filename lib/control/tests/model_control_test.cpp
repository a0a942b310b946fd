#include "rbees/control/model_control.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "control_house.hpp"
#include "rbees/control/view_building.hpp"

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

    house.world.pass(std::chrono::seconds(3));
    const auto shown = model_view(house.fleet, "smollm2")->load_failure.value();
    EXPECT_EQ(shown.code, ErrorCode::MODEL_LOAD_FAILED);
    EXPECT_EQ(shown.detail, "model smollm2 could not be loaded: the file was cut off");
    EXPECT_GE(shown.age_ms, 3'000U);
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

TEST(ModelControl, ShowsADownloadFromTheAnswerToItsOrderOn) {
    ControlHouse house;
    house.node_registers("here", {"smollm2"});  // the node holds the file, and finds only now that it was cut
    house.pools.downloading = {.model = ModelId("smollm2"), .state = contracts::DownloadState::running};
    ModelControl models(house.fleet, std::chrono::seconds(45));
    std::optional<Checked<contracts::ModelView>> answer;

    models.download("smollm2", {.node = std::nullopt, .verify = true}, [&](const auto& view) { answer = view; });

    ASSERT_TRUE(house.run_until([&] { return answer.has_value(); }) && *answer);
    EXPECT_EQ((*answer)->download.value().state, contracts::DownloadState::running);
    EXPECT_EQ(model_view(house.fleet, "smollm2")->download.value().state, contracts::DownloadState::running);
    EXPECT_EQ(house.pools.downloads.front().verify, true);
}

TEST(ModelControl, StopsADownloadThatItsNodeHasNotToldOfYet) {
    ControlHouse house;
    house.node_registers("here", {});
    house.pools.removed = PoolAnswer{};
    ModelControl models(house.fleet, std::chrono::seconds(45));
    std::optional<Done> answer;

    models.remove("smollm2", [&](const Done& done) { answer = done; });

    ASSERT_TRUE(house.run_until([&] { return answer.has_value(); }));
    EXPECT_TRUE(*answer);
    EXPECT_EQ(house.pools.removals, std::vector{ModelId("smollm2")});
}

TEST(ModelControl, RefusesToDeleteWhatNoNodeHas) {
    ControlHouse house;
    house.node_registers("here", {});
    house.pools.removed =
        std::unexpected(contracts::Problem{.code = ErrorCode::MODEL_NOT_FOUND, .detail = "not on this node's disk"});
    ModelControl models(house.fleet, std::chrono::seconds(45));
    std::optional<Done> answer;

    models.remove("smollm2", [&](const Done& done) { answer = done; });

    ASSERT_TRUE(house.run_until([&] { return answer.has_value(); }));
    EXPECT_EQ(answer->error().code, ErrorCode::MODEL_NOT_FOUND);
}

TEST(ModelControl, DeletesWithoutANodeThatDoesNotAnswerAndHasToldOfNothing) {
    ControlHouse house;
    house.node_registers("here", {});  // its answers are lost
    ModelControl models(house.fleet, std::chrono::seconds(45));
    std::optional<Checked<contracts::ModelView>> added;
    models.add({.id = ModelId("mine"), .sources = {{.kind = contracts::SourceKind::file, .file = "/a.gguf"}}},
               [&](const auto& view) { added = view; });
    ASSERT_TRUE(house.run_until([&] { return added.has_value(); }) && *added);
    std::optional<Done> answer;

    models.remove("mine", [&](const Done& done) { answer = done; });

    ASSERT_TRUE(house.run_until([&] { return answer.has_value(); }));
    EXPECT_TRUE(*answer);
    EXPECT_FALSE(model_view(house.fleet, "mine"));
}

TEST(ModelControl, RefusesASourceThatCouldMeanSomethingElse) {
    ControlHouse house;
    ModelControl models(house.fleet, std::chrono::seconds(45));
    std::optional<Checked<contracts::ModelView>> answer;

    models.add(
        {.id = ModelId("mine"),
         .sources =
             {{.kind = contracts::SourceKind::file, .file = "/a.gguf"},
              {.kind = contracts::SourceKind::pypi, .file = "m.gguf", .package = "--index-url", .version = "1"}}},
        [&](const auto& view) { answer = view; });

    ASSERT_TRUE(answer && !*answer);
    EXPECT_EQ(answer->error().code, ErrorCode::INVALID_PARAMS);
    EXPECT_EQ(answer->error().errors.front().pointer, "/sources/1");
}

}  // namespace
}  // namespace rbees::control
