#include "rbees/base/utf8.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace rbees {
namespace {

std::string encode(std::uint32_t code) {
    const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
    if (code < 0x80) return {byte(code)};
    if (code < 0x800) return {byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f))};
    if (code < 0x10000) return {byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f))};
    return {byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)), byte(0x80 | (code >> 6 & 0x3f)),
            byte(0x80 | (code & 0x3f))};
}

bool is_surrogate(std::uint32_t code) {
    return 0xd800 <= code && code <= 0xdfff;
}

rc::Gen<std::string> any_valid_text() {
    const auto code = rc::gen::suchThat(
        rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(0, 0x80), rc::gen::inRange<std::uint32_t>(0x80, 0x800),
                       rc::gen::inRange<std::uint32_t>(0x800, 0x10000),
                       rc::gen::inRange<std::uint32_t>(0x10000, 0x110000)),
        [](std::uint32_t each) { return !is_surrogate(each); });
    return rc::gen::map(rc::gen::container<std::vector<std::uint32_t>>(code), [](const auto& codes) {
        std::string text;
        for (const auto each : codes) {
            text += encode(each);
        }
        return text;
    });
}

TEST(Utf8, BytesThatAreNoCharacterBecomeTheReplacementCharacter) {
    EXPECT_EQ(to_valid_utf8("a\xff\xe2\x82z\xc3"), "a\ufffd\ufffdz\ufffd");
    EXPECT_EQ(to_valid_utf8(""), "");
}

TEST(Utf8, OneBadByteIsSeenBehindAnyNumberOfGoodOnes) {
    for (std::size_t count = 0; count < 20; ++count) {
        const std::string good(count, 'x');

        EXPECT_TRUE(is_valid_utf8(good + "\u00e9" + good));
        EXPECT_FALSE(is_valid_utf8(good + "\xe9"));
        EXPECT_FALSE(is_valid_utf8(good + "\xe9" + good));
    }
}

RC_GTEST_PROP(Utf8, MadeValidItIsValidAndValidTextStays, (const std::string& bytes)) {
    const auto text = to_valid_utf8(bytes);

    RC_ASSERT(is_valid_utf8(text));
    RC_ASSERT(to_valid_utf8(text) == text);
    RC_ASSERT(is_valid_utf8(bytes) == (text == bytes));
}

TEST(Utf8, EveryCodePointButSurrogatesIsValid) {
    for (std::uint32_t code = 0; code < 0x110000; ++code) {
        ASSERT_EQ(is_valid_utf8(encode(code)), !is_surrogate(code)) << code;
    }
    EXPECT_FALSE(is_valid_utf8(encode(0x110000)));
}

class BadUtf8 : public testing::TestWithParam<const char*> {};

TEST_P(BadUtf8, IsRefused) {
    EXPECT_FALSE(is_valid_utf8(GetParam()));
    EXPECT_FALSE(is_valid_utf8(std::string("text ") + GetParam() + " text"));
}

INSTANTIATE_TEST_SUITE_P(OverlongCutAndStrayBytes, BadUtf8,
                         testing::Values("\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xe2\x82",
                                         "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80",
                                         "\xf5\x80\x80\x80", "\xfe", "\xff", "\xc3\x28", "\xe2\x28\xa1"));

TEST(Utf8, EmptyTextIsValid) {
    EXPECT_TRUE(is_valid_utf8(""));
}

RC_GTEST_PROP(CompletePrefix, OfAnyPieceOfValidTextIsValidAndLacksOneCharacterAtMost, ()) {
    const auto text = *any_valid_text();
    const auto piece = text.substr(0, *rc::gen::inRange<std::size_t>(0, text.size() + 1));

    const auto length = complete_utf8_prefix(piece);

    RC_ASSERT(is_valid_utf8(piece.substr(0, length)));
    RC_ASSERT(piece.size() - length <= 3U);
    RC_ASSERT(length == piece.size() || !is_valid_utf8(piece));
}

RC_GTEST_PROP(CompletePrefix, PiecesPutTogetherGiveTheWholeText, ()) {
    const auto text = *any_valid_text();
    std::string waiting;
    std::string out;

    for (const char byte : text) {
        waiting += byte;
        const auto length = complete_utf8_prefix(waiting);
        out += waiting.substr(0, length);
        waiting.erase(0, length);
    }

    RC_ASSERT(waiting.empty());
    RC_ASSERT(out == text);
}

TEST(CompletePrefix, KeepsBytesThatCanNeverBecomeACharacter) {
    EXPECT_EQ(complete_utf8_prefix("a\xff"), 2U);
    EXPECT_EQ(complete_utf8_prefix("\x80\x80\x80\x80"), 4U);
    EXPECT_EQ(complete_utf8_prefix("\xed\xa0"), 2U);
}

TEST(CompletePrefix, CutsOffACharacterThatMayStillBecomeWhole) {
    EXPECT_EQ(complete_utf8_prefix("a\xf0\x9f\x98"), 1U);
    EXPECT_EQ(complete_utf8_prefix("a\xc3"), 1U);
    EXPECT_EQ(complete_utf8_prefix("a\xc3\xa4"), 3U);
    EXPECT_EQ(complete_utf8_prefix(""), 0U);
}

TEST(Shortened, CutsLongTextBetweenCharactersAndSaysSo) {
    EXPECT_EQ(shortened("12345", 5), "12345");
    EXPECT_EQ(shortened("123456", 5), "12...");
    EXPECT_EQ(shortened("1\u00e9\u00e9\u00e9", 6), "1\u00e9...");
    EXPECT_EQ(shortened("1\u00e9\u00e9\u00e9", 5), "1...");
}

RC_GTEST_PROP(Shortened, IsValidAndNeverLonger, ()) {
    const auto text = *any_valid_text();
    const auto most = *rc::gen::inRange<std::size_t>(3, 20);

    const auto cut = shortened(text, most);

    RC_ASSERT(cut.size() <= most);
    RC_ASSERT(is_valid_utf8(cut));
}

}  // namespace
}  // namespace rbees
