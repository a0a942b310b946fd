#include "rbees/net/sse.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace rbees::net {
namespace {

using std::string_literals::operator""s;

std::vector<SseEvent> parse(std::string_view text) {
    SseParser parser;
    auto events = parser.feed(text);
    EXPECT_TRUE(events.has_value());
    return events.value_or(std::vector<SseEvent>{});
}

SseEvent message(std::string data) {
    return SseEvent{.event = "", .data = std::move(data), .id = std::nullopt};
}

TEST(SseParser, SkipsCommentsAndKeepsDataLines) {
    EXPECT_EQ(parse(": ping\ndata: one\n: more\ndata: two\n\n"), std::vector{message("one\ntwo")});
}

TEST(SseParser, TakesEveryKindOfLineEnd) {
    const std::vector expected{message("a"), message("b")};

    EXPECT_EQ(parse("data: a\n\ndata: b\n\n"), expected);
    EXPECT_EQ(parse("data: a\r\rdata: b\r\r"), expected);
    EXPECT_EQ(parse("data: a\r\n\r\ndata: b\r\n\r\n"), expected);
    EXPECT_EQ(parse("data: a\n\r\ndata: b\r\r\n"), expected);
}

TEST(SseParser, RemovesOneSpaceAfterTheColonAndNoMore) {
    EXPECT_EQ(parse("data:x\n\ndata:  y\n\n"), (std::vector{message("x"), message(" y")}));
}

TEST(SseParser, SkipsAByteOrderMarkAtTheStartOnly) {
    EXPECT_EQ(parse("\xEF\xBB\xBF"
                    "data: a\n\n"),
              std::vector{message("a")});
    EXPECT_EQ(parse("data: a\n\xEF\xBB\xBF"
                    "data: b\n\n"),
              std::vector{message("a")});
}

TEST(SseParser, KeepsNameAndIdOfAnEvent) {
    const SseEvent expected{.event = "delta", .data = "x", .id = "7"};

    EXPECT_EQ(parse("event: delta\nid: 7\ndata: x\n\n"), std::vector{expected});
}

TEST(SseParser, IgnoresAnIdWithANulAndFieldsItDoesNotKnow) {
    EXPECT_EQ(parse("id: a\0b\nretry: 5\nfoo: bar\nDATA: no\ndata: x\n\n"s), std::vector{message("x")});
}

TEST(SseParser, DropsABlockWithoutData) {
    EXPECT_EQ(parse("event: nothing\n\ndata: x\n\n"), std::vector{message("x")});
}

TEST(SseParser, TakesAnEmptyDataLineAsAnEmptyEvent) {
    EXPECT_EQ(parse("data\n\ndata:\ndata\n\n"), (std::vector{message(""), message("\n")}));
}

TEST(SseParser, NeverShowsAnEventCutByTheEnd) {
    EXPECT_TRUE(parse("data: half").empty());
}

TEST(SseParser, RefusesAnEventOverItsLimit) {
    SseParser parser(16);

    EXPECT_TRUE(parser.feed("data: 0123456\n\n"));
    EXPECT_EQ(parser.feed("data: " + std::string(16, 'x')).error(), SseError::event_too_large);
}

TEST(SseParser, CountsTheLinesOfOneEventTogether) {
    SseParser parser(16);

    EXPECT_TRUE(parser.feed("data: 0123456\n"));
    EXPECT_EQ(parser.feed("data: 0123456\n").error(), SseError::event_too_large);
}

/// Text in which line ends, field names and separators are likely.
rc::Gen<std::string> any_stream() {
    const auto part = rc::gen::element<std::string>("data", "event", "id", ":", " ", "\r", "\n", "\r\n", "x",
                                                    "\xEF\xBB\xBF", "\n\n", std::string(1, '\0'), "data: y");
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(part), [](const std::vector<std::string>& parts) {
        std::string text;
        for (const auto& piece : parts)
            text += piece;
        return text;
    });
}

RC_GTEST_PROP(SseParser, FindsTheSameEventsInAnySplitOfTheBytes, ()) {
    const auto text = *any_stream();
    const auto expected = SseParser().feed(text).value();

    SseParser parser;
    std::vector<SseEvent> events;
    for (std::string_view rest = text; !rest.empty();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
        for (auto& event : parser.feed(rest.substr(0, size)).value())
            events.push_back(std::move(event));
        rest.remove_prefix(size);
    }

    RC_ASSERT(events == expected);
}

RC_GTEST_PROP(FormatSse, WritesWhatTheParserReads, ()) {
    const auto letters = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab :\n{}\"")));
    auto name = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab:_")));
    auto id = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("01:x")));
    const SseEvent event{.event = std::move(name),
                         .data = *letters,
                         .id = *rc::gen::arbitrary<bool>() ? std::optional(id) : std::nullopt};

    RC_ASSERT(SseParser().feed(format_sse(event)).value() == std::vector{event});
}

TEST(FormatSse, LetsNoValueAddAField) {
    const SseEvent event{.event = "a\ndata: evil", .data = "x\r\ny\rz", .id = "1\n\n"};

    EXPECT_EQ(format_sse(event), "event: adata: evil\nid: 1\ndata: x\ndata: y\ndata: z\n\n");
}

}  // namespace
}  // namespace rbees::net
