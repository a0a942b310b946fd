#include "trigger_search.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <regex>
#include <string>
#include <vector>

namespace rbees::engine {
namespace {

common_grammar_trigger word(const std::string& text) {
    return {.type = COMMON_GRAMMAR_TRIGGER_TYPE_WORD, .value = text};
}

common_grammar_trigger pattern(const std::string& text) {
    return {.type = COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN, .value = text};
}

/// Where a trigger was found in the pieces so far, after the last piece that was needed.
struct Found {
    std::size_t start = 0;
    std::size_t pieces = 0;

    bool operator==(const Found&) const = default;
};

std::optional<Found> search(TriggerSearch& search, const std::vector<std::string>& pieces) {
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (const auto start = search.take(pieces[i])) return Found{*start, i + 1};
    }
    return std::nullopt;
}

std::optional<Found> search(const common_grammar_trigger& trigger, const std::vector<std::string>& pieces) {
    TriggerSearch fresh({trigger});
    return search(fresh, pieces);
}

std::size_t open_after(const common_grammar_trigger& trigger, const std::string& text) {
    TriggerSearch fresh({trigger});
    EXPECT_FALSE(fresh.take(text)) << text;
    return fresh.open();
}

TEST(TriggerSearch, FindsAWordThatIsSpreadOverPieces) {
    EXPECT_EQ(search(word("<tool_call>"), {"Well. ", "<to", "ol_", "call>", "{"}), (Found{6, 4}));
    EXPECT_EQ(search(word("<tool_call>"), {"a <tool_call>{"}), (Found{2, 1}));
    EXPECT_EQ(search(word("<tool_call>"), {"<tool", "s_call>", "<tool_cal"}), std::nullopt);
}

TEST(TriggerSearch, TakesAWordAsItStands) {
    EXPECT_EQ(search(word("[CALL](*)"), {"x[CALL]", "(*)"}), (Found{1, 2}));
    EXPECT_EQ(search(word("a.c"), {"abc"}), std::nullopt);
}

TEST(TriggerSearch, BeginsAtTheFirstGroupThatHoldsAnything) {
    const auto channel = pattern(R"(<\|start\|>assistant(<\|channel\|>(?:commentary|analysis)\s+to))");

    EXPECT_EQ(search(channel, {"ok<|end|>", "<|start|>", "assistant", "<|channel|>", "analysis", " to"}),
              (Found{27, 6}));
    EXPECT_EQ(search(pattern(">>>(?!all)"), {"Hi ", ">>>", "get"}), (Found{3, 2}));
}

TEST(TriggerSearch, KnowsTheBeginningOfTheText) {
    const auto to = pattern(R"(^\s+to$)");

    EXPECT_EQ(search(to, {" to"}), (Found{0, 1}));
    EXPECT_EQ(search(to, {"  ", "to"}), (Found{0, 2}));
    EXPECT_EQ(search(to, {"I want", " to"}), std::nullopt);
    EXPECT_EQ(search(to, {" tomorrow"}), std::nullopt);
}

TEST(TriggerSearch, SaysWhatMayBeTheBeginningOfATrigger) {
    EXPECT_EQ(open_after(word("<tool_call>"), "Well <tool_"), 6U);
    EXPECT_EQ(open_after(word("<tool_call>"), "a < b"), 0U);
    EXPECT_EQ(open_after(word("<tool_call>"), "<tool <"), 1U);
    EXPECT_EQ(open_after(pattern(R"(^\s+to$)"), "  "), 2U);
    EXPECT_EQ(open_after(pattern(R"(^\s+to$)"), "x  "), 0U);
    EXPECT_EQ(open_after(pattern(R"(<\|start\|>assistant(\s+to))"), "x<|start|>assistant "), 19U);
    EXPECT_EQ(open_after(pattern(R"(<\|start\|>assistant(\s+to))"), "x<|start|>assistant: "), 0U);
    EXPECT_EQ(open_after(pattern(R"(<\|start\|>assistant(\s+to))"), "x<|start|>assistant<|"), 2U);
}

TEST(TriggerSearch, KnowsTriggersThatAreTokens) {
    const TriggerSearch fresh({{.type = COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN, .value = {}, .token = 7}});

    EXPECT_TRUE(fresh.is_token(7));
    EXPECT_FALSE(fresh.is_token(8));
}

TEST(TriggerSearch, LeavesOutInsideOfATextWhatOnlyItsBeginningCanBe) {
    const auto inside = triggers_inside({pattern(R"(^\s+to$)"),
                                         pattern(R"((?:^|<start>)( to=[^<]*?\^))"),
                                         word("^x"),
                                         {.type = COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL, .value = "all"}});
    TriggerSearch fresh(inside);

    EXPECT_FALSE(fresh.take(" to"));
    EXPECT_FALSE(fresh.take("=a^"));
    EXPECT_EQ(search({inside[1]}, {"<start> to=a^"}), (Found{7, 1}));
    EXPECT_EQ(search({inside[2]}, {"^x"}), (Found{0, 1}));
    EXPECT_EQ(search({inside[3]}, {"all"}), std::nullopt);
    for (const auto& trigger : inside)
        EXPECT_NO_THROW(std::regex{trigger.value}) << trigger.value;
}

/// llama.cpp's own way: the whole text again with each piece.
std::optional<Found> found_by_llama(const std::string& regex, const std::vector<std::string>& pieces) {
    const std::regex compiled(regex);
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        text += pieces[i];
        std::smatch match;
        if (!std::regex_search(text, match, compiled)) continue;
        for (std::size_t group = 1; group < match.size(); ++group) {
            if (match.length(group) > 0) return Found{static_cast<std::size_t>(match.position(group)), i + 1};
        }
        return Found{static_cast<std::size_t>(match.position(0)), i + 1};
    }
    return std::nullopt;
}

RC_GTEST_PROP(TriggerSearchProperty, FindsWhatLlamaFindsHoweverTheTextIsCut, ()) {
    const auto regex = *rc::gen::element<std::string>("<ab>", "<a+(b+)>", "^a+b", "^<(a|b)$", "(?:^|<)(b[^<]*?>)",
                                                      "<<(?!a)", "<(a?)(b)");
    const auto pieces = *rc::gen::container<std::vector<std::string>>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::element('<', 'a', 'b', '>'))));

    RC_ASSERT(search(pattern(regex), pieces) == found_by_llama(regex, pieces));
}

/// An answer may break off wherever nothing is open: the search of the rest alone finds the same.
RC_GTEST_PROP(TriggerSearchProperty, NeedsNothingOfATextBehindWhichNothingIsOpen, ()) {
    const auto regex = *rc::gen::element<std::string>("<ab>", "<a+(b+)>", "^a+b", "(?:^|<)(b[^<]*?>)");
    const auto text = rc::gen::container<std::vector<std::string>>(
        rc::gen::container<std::string>(1, rc::gen::element('<', 'a', 'b', '>')));
    const auto before = *rc::gen::nonEmpty(text);
    const auto after = *text;

    TriggerSearch whole({pattern(regex)});
    RC_PRE(!search(whole, before) && whole.open() == 0);
    TriggerSearch rest(triggers_inside({pattern(regex)}));
    const auto offset = whole.text().size();
    const auto expected = search(whole, after);
    const auto found = search(rest, after);

    RC_ASSERT(found.has_value() == expected.has_value());
    if (found) RC_ASSERT(found->start + offset == expected->start);
}

TEST(TriggerWatch, HoldsUntilItIsKnownWhatTheTextBecomes) {
    TriggerWatch watch({word("<tool_call>")});

    EXPECT_FALSE(watch.is_open(1, "Well"));
    EXPECT_TRUE(watch.is_open(2, " <"));
    EXPECT_FALSE(watch.is_open(3, " 5 "));
    EXPECT_TRUE(watch.is_open(2, "<tool"));
    EXPECT_FALSE(watch.is_open(2, "_call>"));
    EXPECT_FALSE(watch.is_open(2, "<tool")) << "a call has begun";
}

TEST(TriggerWatch, DoesNotWaitForever) {
    TriggerWatch watch({pattern("<[^>]*>")});

    EXPECT_TRUE(watch.is_open(1, "<"));
    EXPECT_FALSE(watch.is_open(1, std::string(TriggerWatch::open_bytes_max, 'a')));
}

}  // namespace
}  // namespace rbees::engine
