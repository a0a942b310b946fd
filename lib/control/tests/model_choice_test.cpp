#include "rbees/control/model_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "rbees/pool_core/catalogue.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::ModelKind;

orchestrator::FleetView view_with(std::vector<orchestrator::UsableModel> models) {
    orchestrator::FleetView view;
    view.models = std::move(models);
    if (!view.models.empty()) view.default_model = view.models.front().id;
    view.catalogue.insert(ModelId("qwen2.5-0.5b"));
    return view;
}

TEST(ChooseModel, TakesTheDefaultWhereNoneIsNamed) {
    const auto view = view_with({{ModelId("smollm2"), ModelKind::chat, {}}});

    EXPECT_EQ(choose_model(view, "", ModelKind::chat).value(), ModelId("smollm2"));
}

TEST(ChooseModel, SaysHowToGetOneWhereThereIsNone) {
    const auto refusal = choose_model(view_with({}), "", ModelKind::chat);

    ASSERT_FALSE(refusal.has_value());
    EXPECT_EQ(refusal.error().code, ErrorCode::MODEL_NOT_FOUND);
    EXPECT_THAT(refusal.error().hint.value_or(""), testing::HasSubstr("rbees models pull"));
}

TEST(ChooseModel, KnowsAModelByItsReferenceAndNoOtherOneByTheNameOfItsFile) {
    const std::string reference = "hf:someone/some-model::file=Some-Model-Q4.gguf";
    const auto id = pool::resolve_reference(reference).value().id;
    const auto view = view_with({{ModelId("some-model-q4"), ModelKind::chat, {}}, {id, ModelKind::chat, {}}});

    const auto by_reference = choose_model(view, reference, ModelKind::chat);
    const auto other = choose_model(view, "hf:another/some-model::file=Some-Model-Q4.gguf", ModelKind::chat);
    const auto broken = choose_model(view, "hf:", ModelKind::chat);

    EXPECT_EQ(by_reference.value(), id);
    EXPECT_EQ(other.error().code, ErrorCode::MODEL_NOT_FOUND);
    EXPECT_EQ(other.error().hint, "rbees models pull hf:another/some-model::file=Some-Model-Q4.gguf");
    EXPECT_EQ(broken.error().code, ErrorCode::MODEL_NOT_FOUND);
}

TEST(ChooseModel, PointsAtTheCatalogueForAModelThatIsNotOnDisk) {
    const auto known = choose_model(view_with({}), "qwen2.5-0.5b", ModelKind::chat);
    const auto unknown = choose_model(view_with({}), "gpt-9", ModelKind::chat);

    EXPECT_EQ(known.error().code, ErrorCode::MODEL_NOT_FOUND);
    EXPECT_EQ(known.error().hint, "rbees models pull qwen2.5-0.5b");
    EXPECT_EQ(unknown.error().code, ErrorCode::MODEL_NOT_FOUND);
    EXPECT_EQ(unknown.error().hint, "rbees models list --all");
}

TEST(ChooseModel, ProposesACommandThatAShellTakesAsItIs) {
    const auto refusal = choose_model(view_with({}), "file:/my models/bees.gguf", ModelKind::chat);

    EXPECT_EQ(refusal.error().hint, "rbees models pull 'file:/my models/bees.gguf'");
}

TEST(ChooseModel, RefusesAModelOfTheWrongKind) {
    const auto view = view_with({{ModelId("bge-small"), ModelKind::embedding, {}}});

    const auto refusal = choose_model(view, "bge-small", ModelKind::chat);

    ASSERT_FALSE(refusal.has_value());
    EXPECT_EQ(refusal.error().code, ErrorCode::MODEL_INCOMPATIBLE);
    EXPECT_THAT(refusal.error().detail, testing::HasSubstr("embedding"));
    EXPECT_EQ(choose_model(view, "bge-small", ModelKind::embedding).value(), ModelId("bge-small"));
}

TEST(ChooseModel, TakesASimulatedModelThatNobodyHasLoaded) {
    EXPECT_EQ(choose_model(view_with({}), "sim:echo", ModelKind::chat).value(), ModelId("sim:echo"));
}

}  // namespace
}  // namespace rbees::control
