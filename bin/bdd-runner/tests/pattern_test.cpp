#include "pattern.hpp"

#include <gtest/gtest.h>

namespace rbees::bdd {
namespace {

using Values = std::vector<std::string>;

TEST(Pattern, TakesTextsNumbersAndWordsOutOfAStep) {
    const Pattern pattern("within {int} seconds {string} gives {word} back");

    EXPECT_EQ(pattern.match("within 10 seconds \"rbees run 'a b'\" gives all back"),
              (Values{"10", "rbees run 'a b'", "all"}));
}

TEST(Pattern, ResolvesEscapedQuotesInsideATextOnly) {
    EXPECT_EQ(Pattern("say {string}").match(R"(say "a \"b\" \\ \n")"), (Values{R"(a "b" \ \n)"}));
}

TEST(Pattern, MatchesTheWholeStepOrNothing) {
    const Pattern pattern("it exits with {int}");

    EXPECT_EQ(pattern.match("it exits with -1"), (Values{"-1"}));
    EXPECT_FALSE(pattern.match("it exits with 1 or 2"));
    EXPECT_FALSE(pattern.match("it exits with"));
    EXPECT_FALSE(pattern.match("it exits with one"));
    EXPECT_FALSE(Pattern("say {string}").match("say \"never closed"));
    EXPECT_FALSE(Pattern("say {word}").match("say "));
}

TEST(Pattern, SuggestsGapsForTextsAndNumbers) {
    EXPECT_EQ(Pattern::suggest("port 8080 of node2 says \"hi\" 3 times"),
              "port {int} of node2 says {string} {int} times");
}

TEST(Pattern, SuggestionMatchesItsStep) {
    const std::string step = "within 10 seconds \"rbees run hi\" works";

    EXPECT_TRUE(Pattern(Pattern::suggest(step)).match(step));
}

}  // namespace
}  // namespace rbees::bdd
