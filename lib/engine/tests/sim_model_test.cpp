#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rbees/engine/simulated.hpp"

namespace rbees::engine {
namespace {

TEST(SimulatedModel, ReadsEveryParameter) {
    const auto model = parse_simulated_model(
        "sim:demo?slots=2&prefill=500.5&decode=20&seed=9&context=1024&load_ms=5&fail_load=1&fail_after=3&die_after=4&"
        "stall_after=5");

    ASSERT_TRUE(model);
    EXPECT_EQ(model->name, "demo");
    EXPECT_EQ(model->kind, Kind::chat);
    EXPECT_EQ(model->slots, 2U);
    EXPECT_EQ(model->prefill, 500.5);
    EXPECT_EQ(model->decode, 20);
    EXPECT_EQ(model->seed, 9U);
    EXPECT_EQ(model->context, Tokens(1024));
    EXPECT_EQ(model->load_ms, 5U);
    EXPECT_TRUE(model->fail_load);
    EXPECT_EQ(model->fail_after, 3U);
    EXPECT_EQ(model->die_after, 4U);
    EXPECT_EQ(model->stall_after, 5U);
}

TEST(SimulatedModel, EmbedsWhenItsNameSaysSo) {
    EXPECT_EQ(parse_simulated_model("sim:my-embedder")->kind, Kind::embedding);
}

TEST(SimulatedModel, RefusesWithTheParameterThatIsWrong) {
    const std::pair<std::string, std::string> cases[] = {
        {"sim:demo?slots=0", "slots"},
        {"sim:demo?slots=many", "slots"},
        {"sim:demo?decode=-1", "decode"},
        {"sim:demo?prefill=nan", "prefill"},
        {"sim:demo?colour=1", "colour"},
        {"sim:demo?slots", "slots"},
        {"sim:", "name"},
        {"sim:a/b", "name"},
        {"hf:demo", "hf:demo"},
    };
    for (const auto& [reference, part] : cases) {
        const auto model = parse_simulated_model(reference);

        ASSERT_FALSE(model) << reference;
        EXPECT_NE(model.error().message.find(part), std::string::npos) << model.error().message;
    }
}

RC_GTEST_PROP(SimulatedModel, IsReadOrRefusedWhateverTheText, (const std::string& text)) {
    const auto model = parse_simulated_model("sim:" + text);

    const bool says_why = model || !model.error().message.empty();
    RC_ASSERT(says_why);
}

}  // namespace
}  // namespace rbees::engine
