#include "rbees/base/numbers.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace rbees {
namespace {

RC_GTEST_PROP(ParseWhole, ReadsWhatWasWritten, (std::int64_t number)) {
    RC_ASSERT(parse_whole<std::int64_t>(fmt::format("{}", number)) == number);
}

RC_GTEST_PROP(ParseWhole, TakesNoTextWithAnythingButDigits, (const std::string& text)) {
    const bool is_digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;

    RC_ASSERT(is_digits || !parse_whole<std::uint64_t>(text));
}

RC_GTEST_PROP(ParseWhole, SurvivesAnyBytes, (const std::string& text)) {
    const auto number = parse_whole<std::int16_t>(text);

    if (number) RC_ASSERT(number == std::stoi(text));
}

TEST(ParseWhole, TakesNothingButTheNumber) {
    for (const auto* text : {"", " 7", "7 ", "7x", "x7", "+7", "0x7", "7.0", "7\n", "-"}) {
        EXPECT_EQ(parse_whole<std::int32_t>(text), std::nullopt) << text;
    }
}

TEST(ParseWhole, TakesAMinusOnlyForTypesThatHaveOne) {
    EXPECT_EQ(parse_whole<std::int32_t>("-7"), -7);
    EXPECT_EQ(parse_whole<std::uint32_t>("-7"), std::nullopt);
    EXPECT_EQ(parse_whole<std::uint32_t>("-0"), std::nullopt);
}

TEST(ParseWhole, TakesWhatFitsTheTypeAndNothingBeyond) {
    EXPECT_EQ(parse_whole<std::uint16_t>("65535"), 65535);
    EXPECT_EQ(parse_whole<std::uint16_t>("65536"), std::nullopt);
    EXPECT_EQ(parse_whole<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(parse_whole<std::uint64_t>("18446744073709551616"), std::nullopt);
    EXPECT_EQ(parse_whole<std::uint64_t>("00000000000000000000000007"), 7U);
}

RC_GTEST_PROP(ParseHex, ReadsWhatWasWrittenInEitherCase, (std::uint32_t number)) {
    RC_ASSERT(parse_hex<std::uint32_t>(fmt::format("{:x}", number)) == number);
    RC_ASSERT(parse_hex<std::uint32_t>(fmt::format("{:X}", number)) == number);
}

TEST(ParseHex, TakesNothingButDigitsThatFit) {
    EXPECT_EQ(parse_hex<std::uint16_t>("1F41"), 8001);
    for (const auto* text : {"", "0x1F", "1G", "-1", "10000", "1F ", "+1"}) {
        EXPECT_EQ(parse_hex<std::uint16_t>(text), std::nullopt) << text;
    }
}

TEST(ParseReal, ReadsFractionsAndExponents) {
    EXPECT_EQ(parse_real("0.75"), 0.75);
    EXPECT_EQ(parse_real("-2"), -2.0);
    EXPECT_EQ(parse_real("1e9"), 1e9);
}

TEST(ParseReal, TakesNothingButFiniteNumbers) {
    for (const auto* text : {"", "inf", "-infinity", "nan", "1e999", "0.5x", " 1", "+1", "0x10"}) {
        EXPECT_EQ(parse_real(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace rbees
