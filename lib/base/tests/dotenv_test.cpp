#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "config_sources.hpp"
#include "rbees/base/files.hpp"
#include "temporary_folder.hpp"

namespace rbees {
namespace {

Result<std::vector<ConfigEntry>> read(std::string_view content) {
    const TemporaryFolder folder;
    EXPECT_TRUE(write_file_atomically(folder / ".env", content, FileAccess::everyone));
    return read_dotenv(folder / ".env");
}

/// The value of the only line.
std::string value_of(std::string_view line) {
    const auto entries = read(line);
    if (!entries || entries->size() != 1) return "<none>";
    return entries->at(0).text;
}

TEST(Dotenv, KeepsOurVariablesWithTheirLines) {
    const auto entries =
        read("# set up\nOLLAMA_MODEL=llama3\n\nRBEES_LISTEN=127.0.0.1:0\nexport RBEES_LOG_LEVEL = debug\n");

    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_EQ(entries->at(0).name, "RBEES_LISTEN");
    EXPECT_EQ(entries->at(0).text, "127.0.0.1:0");
    EXPECT_EQ(entries->at(0).line, 4U);
    EXPECT_EQ(entries->at(1).name, "RBEES_LOG_LEVEL");
    EXPECT_EQ(entries->at(1).text, "debug");
}

TEST(Dotenv, CommentNeedsABlankBeforeIt) {
    EXPECT_EQ(value_of("RBEES_A=one # two"), "one");
    EXPECT_EQ(value_of("RBEES_A=one#two"), "one#two");
    EXPECT_EQ(value_of("RBEES_A=# nothing"), "");
    EXPECT_EQ(value_of("RBEES_A="), "");
}

TEST(Dotenv, QuotesKeepBlanksAndCommentSigns) {
    EXPECT_EQ(value_of("RBEES_A=' one # two '  # comment"), " one # two ");
    EXPECT_EQ(value_of("RBEES_A=\" one # two \"\r\n"), " one # two ");
    EXPECT_EQ(value_of(R"(RBEES_A="a\"b\\c\nd")"), "a\"b\\c\nd");
    EXPECT_EQ(value_of(R"(RBEES_A='a\n')"), R"(a\n)");
}

TEST(Dotenv, OpenQuoteOfOursIsAFailureWithItsLine) {
    const auto entries = read("X='open\nRBEES_A=\"open\n");

    ASSERT_FALSE(entries);
    EXPECT_THAT(entries.error().message,
                testing::EndsWith(".env line 2: the quotes of RBEES_A do not close at the end of the line"));
}

TEST(Dotenv, LineOfOursWithoutEqualsSignIsAFailure) {
    EXPECT_THAT(read("RBEES_A one").error().message, testing::EndsWith(".env line 1: no '=' after RBEES_A one"));
    EXPECT_TRUE(read("SOMETHING one"));
}

RC_GTEST_PROP(Dotenv, AnyQuotedTextIsReadBack, ()) {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange(' ', '~'));
    std::string line = "RBEES_A=\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') line += '\\';
        line += c;
    }

    RC_ASSERT(value_of(line + "\"") == text);
}

}  // namespace
}  // namespace rbees
