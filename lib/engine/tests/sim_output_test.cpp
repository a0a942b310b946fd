#include "sim_output.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim_text.hpp"

namespace rbees::engine {
namespace {

struct Read {
    std::string text;
    std::size_t tokens = 0;
    bool met_stop = false;
};

Read read_all(TokenSource source, std::vector<std::string> stops) {
    OutputReader reader(std::move(source), std::move(stops));
    Read read;
    while (const auto token = reader.next()) {
        read.text += token->text;
        ++read.tokens;
    }
    read.met_stop = reader.met_stop();
    return read;
}

TokenSource tokens_of(std::string_view text) {
    return TokenSource::exactly(sim_encode(text));
}

TEST(OutputReader, GivesEachTokenWithItsText) {
    OutputReader reader(tokens_of("the river"), {});

    EXPECT_EQ(reader.next()->text, "the");
    EXPECT_EQ(reader.next()->text, " river");
    EXPECT_FALSE(reader.next());
    EXPECT_FALSE(reader.met_stop());
}

TEST(OutputReader, EndsWithTheTokenThatCompletesAStopStringAndShowsNoneOfIt) {
    const auto read = read_all(tokens_of("the quiet green river"), {"et gre"});

    EXPECT_EQ(read.text, "the qui");
    EXPECT_EQ(read.tokens, 3U);
    EXPECT_TRUE(read.met_stop);
}

TEST(OutputReader, TakesTheStopStringThatBeginsFirst) {
    EXPECT_EQ(read_all(tokens_of("the quiet green river"), {"green river", "iet"}).text, "the qu");
}

TEST(OutputReader, ShowsTheBeginningOfAStopStringThatIsNeverCompleted) {
    auto cut = tokens_of("the quiet green");
    cut.limit(2);

    const auto read = read_all(cut, {"quiet green"});

    EXPECT_EQ(read.text, "the quiet");
    EXPECT_FALSE(read.met_stop);
}

TEST(OutputReader, ShowsACharacterOnlyWhenItIsWhole) {
    OutputReader reader(tokens_of("\xF0\x9F\x90\x9D!"), {});  // four bytes are two tokens

    EXPECT_EQ(reader.next()->text, "");
    EXPECT_EQ(reader.next()->text, "\xF0\x9F\x90\x9D!");
    EXPECT_FALSE(reader.next());
}

RC_GTEST_PROP(OutputReader, CutsTheTextWhereTheFirstStopStringBegins, ()) {
    const auto key = *rc::gen::arbitrary<std::uint64_t>();
    const auto source = TokenSource::words(key, *rc::gen::inRange<std::size_t>(1, 60));
    std::string text;
    for (std::size_t place = 0; place < source.size(); ++place)
        text += sim_piece(source.at(place));
    std::vector<std::string> stops;
    auto first = text.size();
    for (auto count = *rc::gen::inRange(0, 4); count > 0; --count) {
        const auto begin = *rc::gen::inRange<std::size_t>(0, text.size());
        stops.push_back(text.substr(begin, *rc::gen::inRange<std::size_t>(1, 40)));
        first = std::min(first, text.find(stops.back()));
    }

    const auto read = read_all(source, stops);

    RC_ASSERT(read.text == text.substr(0, first));
    RC_ASSERT(read.met_stop == !stops.empty());
    RC_ASSERT(read.tokens <= source.size());
}

}  // namespace
}  // namespace rbees::engine
