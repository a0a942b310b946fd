#include "sim_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rbees::engine {
namespace {

RC_GTEST_PROP(SimText, GivesAnyBytesBackUnchanged, (const std::string& text)) {
    RC_ASSERT(sim_decode(sim_encode(text)) == text);
}

RC_GTEST_PROP(SimText, StandsForTextWithAnyIdOrForNothing, (std::int32_t id)) {
    const auto piece = sim_piece(id);

    RC_ASSERT(piece.size() <= 16U);
}

TEST(SimText, TakesOneTokenForAWordItKnows) {
    EXPECT_EQ(sim_encode("the quiet river").size(), 3U);
    EXPECT_EQ(sim_encode("xyzzy").size(), 2U);
}

TEST(SimText, CutsBetweenCharactersWhereItCan) {
    const auto ids = sim_encode("caf\xC3\xA9\xC3\xA9");

    for (const auto id : ids)
        EXPECT_EQ(sim_encode(sim_piece(id)), TokenIdList{id});
    EXPECT_EQ(sim_piece(ids.at(1)), "\xC3\xA9");
}

TEST(SimText, TokenizesWhatItGeneratesIntoTheSameIds) {
    TokenIdList generated;
    for (std::size_t i = 0; i < 100; ++i)
        generated.push_back(sim_word(42, i));

    EXPECT_EQ(sim_encode(sim_decode(generated)), generated);
}

TEST(SimText, SaysSomethingElseForAnotherSeedOrPrompt) {
    const TokenIdList prompt = sim_encode("the river");

    EXPECT_NE(sim_hash(1, prompt), sim_hash(2, prompt));
    EXPECT_NE(sim_hash(1, prompt), sim_hash(1, sim_encode("the garden")));
    EXPECT_EQ(sim_hash(1, prompt), sim_hash(1, sim_encode("the river")));
}

}  // namespace
}  // namespace rbees::engine
