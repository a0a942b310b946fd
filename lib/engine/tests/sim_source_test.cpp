#include "sim_source.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim_text.hpp"

namespace rbees::engine {
namespace {

TokenIdList first_tokens(const TokenSource& source, std::size_t count) {
    TokenIdList ids;
    for (std::size_t place = 0; place < count; ++place)
        ids.push_back(source.at(place));
    return ids;
}

TEST(TokenSource, GivesTheSameTokenAtAPlaceWhoeverAsksAndWhateverWasAskedBefore) {
    const auto prompt = sim_encode("the quiet river");
    const auto undisturbed = first_tokens(TokenSource::words(sim_hash(7, prompt), 60), 60);

    // Another worker that takes over after 25 tokens has the prompt and the seed, and nothing else.
    const auto elsewhere = TokenSource::words(sim_hash(7, prompt), 60);
    TokenIdList continued(undisturbed.begin(), undisturbed.begin() + 25);
    for (std::size_t place = continued.size(); place < elsewhere.size(); ++place)
        continued.push_back(elsewhere.at(place));

    EXPECT_EQ(continued, undisturbed);
}

TEST(TokenSource, KeepsNoTokenOfAnEndlessAnswer) {
    constexpr auto endless = std::size_t{1} << 60;  // no memory holds as many

    const auto source = TokenSource::words(1, endless);

    EXPECT_EQ(source.size(), endless);
    EXPECT_NE(sim_piece(source.at(endless - 1)), "");
}

TEST(TokenSource, EndsAtItsLimit) {
    auto source = TokenSource::exactly(sim_encode("the river"));

    source.limit(5);
    EXPECT_EQ(source.size(), 2U);
    source.limit(1);
    EXPECT_EQ(source.size(), 1U);
}

TEST(HeldTokens, SharesThePromptAndWhatWasMadeForItAndNoMore) {
    const HeldTokens held{.prompt = sim_encode("the river"), .answer = TokenSource::words(3, 40), .made = 4};
    auto next_turn = held.prompt;
    for (const auto id : first_tokens(held.answer, 6))
        next_turn.push_back(id);

    EXPECT_EQ(common_prefix(held, next_turn), 6U);
    EXPECT_EQ(common_prefix(held, sim_encode("the garden")), 1U);
    EXPECT_EQ(common_prefix(held, sim_encode("the")), 1U);
    EXPECT_EQ(common_prefix({}, next_turn), 0U);
}

RC_GTEST_PROP(HeldTokens, SharesAsMuchAsTheSameTokensWouldInAList, ()) {
    const auto source = TokenSource::words(*rc::gen::arbitrary<std::uint64_t>(), 30);
    const HeldTokens held{.prompt = {1, 2, 3}, .answer = source, .made = *rc::gen::inRange<std::size_t>(0, 31)};
    auto list = held.prompt;
    for (const auto id : first_tokens(source, held.made))
        list.push_back(id);
    auto prompt = list;
    prompt.resize(*rc::gen::inRange<std::size_t>(0, list.size() + 1));
    const auto same = prompt.size();
    prompt.push_back(-1);

    RC_ASSERT(common_prefix(held, prompt) == same);
}

}  // namespace
}  // namespace rbees::engine
