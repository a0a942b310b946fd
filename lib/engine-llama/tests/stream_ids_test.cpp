#include "stream_ids.hpp"

#include <gtest/gtest.h>

#include <array>

namespace rbees::engine {
namespace {

/// A vocabulary with a bee (F0 9F 90 9D) in pieces.
const std::array<std::string, 8> pieces = {"Hi", " ", "\xF0\x9F", "\x90", "\x9D", "!", "\n", "\n\n"};

class StreamIdsTest : public ::testing::Test {
  protected:
    static std::string piece(TokenId32 id) { return pieces.at(static_cast<std::size_t>(id)); }

    const PieceTable table{pieces.size(), piece};
    StreamIds ids{[this]() -> const PieceTable& { return table; }, piece};
};

TEST_F(StreamIdsTest, HandsOutEachIdWithItsPlace) {
    ids.take(0, 1, "Hi");
    EXPECT_EQ(ids.drain().ids, std::vector<TokenId32>{0});
    ids.take(5, 2, "!");

    const auto ready = ids.drain();

    EXPECT_EQ(ready.first, 1U);
    EXPECT_EQ(ready.ids, std::vector<TokenId32>{5});
}

TEST_F(StreamIdsTest, FindsTheIdsOfACharacterSpreadOverTokens) {
    ids.take(0, 1, "Hi");
    ids.take(4, 4, "\xF0\x9F\x90\x9D");

    EXPECT_EQ(ids.drain().ids, (std::vector<TokenId32>{0, 2, 3, 4}));
    EXPECT_TRUE(ids.complete());
}

TEST_F(StreamIdsTest, WaitsForTheTextThatAStopStringHoldsBack) {
    ids.take(6, 1, "");
    ids.take(4, 4, "");
    EXPECT_TRUE(ids.drain().ids.empty());

    ids.take(5, 5, "\n\xF0\x9F\x90\x9D!");

    const auto ready = ids.drain();
    EXPECT_EQ(ready.first, 0U);
    EXPECT_EQ(ready.ids, (std::vector<TokenId32>{6, 2, 3, 4, 5}));
    EXPECT_TRUE(ids.complete());
}

TEST_F(StreamIdsTest, HoldsBackIdsUntilTheirTextIsShown) {
    ids.take(0, 1, "Hi");
    ids.take(6, 2, "");
    ids.take(6, 3, "");

    EXPECT_EQ(ids.drain().ids, std::vector<TokenId32>{0});
    EXPECT_TRUE(ids.drain().ids.empty());

    ids.take(5, 4, "\n\n!");
    const auto ready = ids.drain();
    EXPECT_EQ(ready.first, 1U);
    EXPECT_EQ(ready.ids, (std::vector<TokenId32>{6, 6, 5}));
}

TEST_F(StreamIdsTest, HandsOutAnIdWhoseTextAStopStringCuts) {
    ids.take(0, 1, "H");

    EXPECT_EQ(ids.drain().ids, std::vector<TokenId32>{0});
}

TEST_F(StreamIdsTest, HandsOutTheIdsOfAStopStringAtTheEnd) {
    ids.take(6, 1, "");
    ids.take(6, 2, "");
    EXPECT_TRUE(ids.drain().ids.empty());

    ids.end();

    EXPECT_EQ(ids.drain().ids, (std::vector<TokenId32>{6, 6}));
}

TEST_F(StreamIdsTest, CountsOnFromWhereAnotherStreamBrokeOff) {
    StreamIds later([this]() -> const PieceTable& { return table; }, piece, 7);
    later.take(0, 1, "Hi");

    EXPECT_EQ(later.drain().first, 7U);
}

TEST_F(StreamIdsTest, SaysSoWhenTheMissingIdsCannotBeFound) {
    ids.take(4, 3, "??\x9D");

    EXPECT_FALSE(ids.complete());
}

TEST(PieceTable, SplitsIntoExactlyAsManyTokensAsAsked) {
    const PieceTable table(pieces.size(), [](TokenId32 id) { return pieces.at(static_cast<std::size_t>(id)); });

    EXPECT_EQ(table.split("\n\n", 1), std::vector<TokenId32>{7});
    EXPECT_EQ(table.split("\n\n", 2), (std::vector<TokenId32>{6, 6}));
    EXPECT_EQ(table.split("\n\n", 3), std::nullopt);
    EXPECT_EQ(table.split("", 1), std::nullopt);
}

}  // namespace
}  // namespace rbees::engine
