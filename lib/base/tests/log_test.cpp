#include "rbees/base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <thread>
#include <vector>

#include "json_text.hpp"
#include "rbees/base/time.hpp"
#include "rbees/base/utf8.hpp"

namespace rbees {
namespace {

class LogTest : public testing::Test {
  protected:
    /// The only line so far, without its time stamp.
    [[nodiscard]] std::string only_line() const {
        EXPECT_EQ(lines.size(), 1U);
        const auto& line = lines.at(0);
        return "{" + line.substr(line.find(',') + 1);
    }

    std::vector<std::string> lines;
    Logger logger = Logger::to_function(LogLevel::info, [this](std::string_view line) { lines.emplace_back(line); });
};

TEST_F(LogTest, LineIsOneJsonObjectWithItsFieldsInOrder) {
    logger.module("pool").warning("worker died", {{"worker", "w-1"}, {"pid", 123}, {"free", std::uint64_t{1} << 63}});

    EXPECT_EQ(only_line(), R"({"lvl":"warning","mod":"pool","msg":"worker died",)"
                           R"("worker":"w-1","pid":123,"free":9223372036854775808})");
}

TEST_F(LogTest, LineStartsWithTheTime) {
    logger.info("hello");

    const std::string start = R"({"ts":")";
    ASSERT_EQ(lines.at(0).substr(0, start.size()), start);
    EXPECT_TRUE(parse_rfc3339(lines.at(0).substr(start.size(), 24)));
}

TEST_F(LogTest, LowerLevelsAreLeftOut) {
    logger.debug("detail");
    logger.info("news");
    logger.error("trouble");

    EXPECT_THAT(lines, testing::ElementsAre(testing::HasSubstr("news"), testing::HasSubstr("trouble")));
}

TEST_F(LogTest, TextCannotBreakTheLineOrItsJson) {
    logger.info("a\n\"b\"\\\t\r\x01\x7f", {{"k\"", "v\n"}});

    EXPECT_EQ(only_line(), R"({"lvl":"info","mod":"main","msg":"a\n\"b\"\\\t\r\u0001\u007f","k\"":"v\n"})");
}

TEST_F(LogTest, BytesThatAreNotUtf8BecomeReplacementCharacters) {
    logger.info("caf\xc3\xa9 \xff caf\xc3");

    EXPECT_EQ(only_line(), "{\"lvl\":\"info\",\"mod\":\"main\",\"msg\":\"caf\xc3\xa9 \ufffd caf\ufffd\"}");
}

TEST_F(LogTest, LinesOfSeveralThreadsStayWhole) {
    constexpr int lines_each = 200;
    const auto write_many = [this] {
        for (int i = 0; i < lines_each; ++i) {
            logger.info("line");
        }
    };

    std::thread other(write_many);
    write_many();
    other.join();

    EXPECT_EQ(lines.size(), 2U * lines_each);
    EXPECT_THAT(lines, testing::Each(testing::EndsWith(R"("msg":"line"})")));
}

TEST(Logger, DefaultMadeOneIsSilent) {
    testing::internal::CaptureStderr();

    Logger().module("x").error("nobody hears this");

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(LogLevel, IsReadInAnyCaseAndWarnIsShortForWarning) {
    EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
    EXPECT_EQ(parse_log_level("INFO"), LogLevel::info);
    EXPECT_EQ(parse_log_level("Warn"), LogLevel::warning);
    EXPECT_EQ(parse_log_level("warning"), LogLevel::warning);
    EXPECT_EQ(parse_log_level("error"), LogLevel::error);
    EXPECT_EQ(name_of(LogLevel::warning), "warning");
    EXPECT_EQ(describe(parse_log_level("loud").error()),
              "'loud' is not a log level (use debug, info, warning or error)");
}

RC_GTEST_PROP(JsonString, OfAnyBytesIsValidUtf8WithoutBareControlsOrQuotes, (const std::string& bytes)) {
    std::string text;

    append_json_string(text, bytes);

    RC_ASSERT(is_valid_utf8(text));
    const auto inner = text.substr(1, text.size() - 2);
    for (std::size_t at = 0; at < inner.size(); ++at) {
        RC_ASSERT(static_cast<unsigned char>(inner[at]) >= 0x20);
        RC_ASSERT(inner[at] != '"');
        if (inner[at] == '\\') ++at;
    }
}

}  // namespace
}  // namespace rbees
