#include "rbees/pool_core/answer_head.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rbees::pool {
namespace {

constexpr std::string_view part =
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/1000\r\nContent-Length: 10\r\nETag: \"v1\"\r\n\r\n";

TEST(AnswerHead, ReadsTotalAndValidatorOfAPart) {
    const auto found = find_final_head(std::string(part) + "0123456789");

    ASSERT_TRUE(found);
    EXPECT_EQ(found->head, (AnswerHead{206, 1000, "\"v1\""}));
    EXPECT_EQ(found->bytes, part.size());
}

TEST(AnswerHead, SkipsRedirectsAndTheProxy) {
    const auto heads = "HTTP/1.1 200 Connection established\r\n\r\nHTTP/2 302 \r\nlocation: x\r\netag: \"a\"\r\n\r\n" +
                       std::string(part);

    const auto found = find_final_head(heads);

    ASSERT_TRUE(found);
    EXPECT_EQ(found->head.status, 206);
    EXPECT_EQ(found->head.validator, "\"v1\"");
    EXPECT_EQ(found->bytes, heads.size());
}

TEST(AnswerHead, TakesTheLengthOfAWholeFile) {
    const auto found = find_final_head("HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n");

    ASSERT_TRUE(found);
    EXPECT_EQ(found->head, (AnswerHead{200, 77, std::nullopt}));
}

TEST(AnswerHead, IgnoresWeakValidatorsAndUnknownTotals) {
    const auto found =
        find_final_head("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/*\r\nETag: W/\"1\"\r\n\r\n");

    ASSERT_TRUE(found);
    EXPECT_EQ(found->head, (AnswerHead{206, std::nullopt, std::nullopt}));
}

TEST(AnswerHead, KnowsAFailureForWhatItIs) {
    const auto found = find_final_head("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found");

    ASSERT_TRUE(found);
    EXPECT_EQ(found->head, (AnswerHead{404, std::nullopt, std::nullopt}));
}

RC_GTEST_PROP(AnswerHeadProperty, AnswersNothingBeforeTheHeadIsWhole, ()) {
    const auto size = *rc::gen::inRange<std::size_t>(0, part.size());

    RC_ASSERT(!find_final_head(part.substr(0, size)));
}

RC_GTEST_PROP(AnswerHeadProperty, SurvivesAnyBytes, (const std::string& bytes)) {
    const auto found = find_final_head(bytes + "\r\n\r\n");

    const bool is_inside = !found || found->bytes <= bytes.size() + 4;
    RC_ASSERT(is_inside);
}

}  // namespace
}  // namespace rbees::pool
