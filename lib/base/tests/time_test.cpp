#include "rbees/base/time.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace rbees {
namespace {

using std::chrono::milliseconds;
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;

TEST(BootClock, NeverGoesBack) {
    const auto before = BootClock::now();

    const auto after = BootClock::now();

    EXPECT_LE(before, after);
    EXPECT_GT(before.time_since_epoch(), 0ns);
}

TEST(WallClock, ShowsATimeOfThisCentury) {
    EXPECT_GT(wall_now(), WallTime(milliseconds(1'700'000'000'000)));
    EXPECT_LT(wall_now(), WallTime(milliseconds(4'102'444'800'000)));
}

TEST(Rfc3339, IsWrittenInUtcWithMilliseconds) {
    EXPECT_EQ(to_rfc3339(WallTime(milliseconds(0))), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_rfc3339(WallTime(milliseconds(1'795'260'218'120))), "2026-11-21T11:23:38.120Z");
    EXPECT_EQ(to_rfc3339(WallTime(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsOffsetsAndFractionsOfAnyLength) {
    const WallTime time(milliseconds(1'795'260'218'120));

    EXPECT_EQ(parse_rfc3339("2026-11-21T11:23:38.120Z"), time);
    EXPECT_EQ(parse_rfc3339("2026-11-21t11:23:38.12z"), time);
    EXPECT_EQ(parse_rfc3339("2026-11-21 11:23:38.120999999999Z"), time);
    EXPECT_EQ(parse_rfc3339("2026-11-21T13:23:38.12+02:00"), time);
    EXPECT_EQ(parse_rfc3339("2026-11-20T23:53:38.12-11:30"), time);
    EXPECT_EQ(parse_rfc3339("2026-11-21T11:23:38Z"), time - 120ms);
}

TEST(Rfc3339, LeapSecondIsTheNextSecond) {
    EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusalSaysWhatIsWrong) {
    EXPECT_EQ(describe(parse_rfc3339("2026-11-21T11:23:38").error()),
              "'2026-11-21T11:23:38' is not a time: no Z or numeric offset at the end "
              "(write it like 2026-11-21T11:23:38Z (RFC 3339))");
}

TEST(Rfc3339, OffsetMayNotLeaveTheYearsOfFourDigits) {
    EXPECT_TRUE(parse_rfc3339("9999-12-31T23:59:59.999Z"));
    EXPECT_TRUE(parse_rfc3339("9999-12-31T23:59:59.999+00:01"));
    EXPECT_TRUE(parse_rfc3339("0000-01-01T00:00:00Z"));
    EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:59.999-00:01"));
    EXPECT_FALSE(parse_rfc3339("9999-12-31T23:59:60Z"));
    EXPECT_EQ(describe(parse_rfc3339("0000-01-01T00:00:00+00:01").error()),
              "'0000-01-01T00:00:00+00:01' is not a time: in UTC it lies outside the years 0000 to 9999 "
              "(write it like 2026-11-21T11:23:38Z (RFC 3339))");
}

class BadTime : public testing::TestWithParam<const char*> {};

TEST_P(BadTime, IsRefused) {
    EXPECT_FALSE(parse_rfc3339(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Rfc3339, BadTime,
                         testing::Values("", "now", "2026", "2026-11-21", "2026-02-29T00:00:00Z",
                                         "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-11-21T24:00:00Z",
                                         "2026-11-21T11:60:00Z", "2026-11-21T11:23:61Z", "2026-11-21T11:23:38.Z",
                                         "2026-11-21T11:23:38+2:00", "2026-11-21T11:23:38+24:00",
                                         "2026-11-21T11:23:38Z ", "+026-11-21T11:23:38Z", "2026-11-21T11:23:38.1",
                                         "2026-11-21T1:23:38Z", "26-11-21T11:23:38Z"));

RC_GTEST_PROP(Rfc3339, EveryTimeOfFourDigitYearsIsReadBack, ()) {
    const auto since_1970 = *rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'800'000);
    const WallTime time{milliseconds(since_1970)};

    RC_ASSERT((parse_rfc3339(to_rfc3339(time)) == time));
}

RC_GTEST_PROP(Rfc3339, AnyTextIsReadOrRefusedWithoutHarm, (const std::string& text)) {
    const auto time = parse_rfc3339(text);

    RC_ASSERT(time.has_value() || !time.error().message.empty());
}

TEST(ParseDuration, ReadsEachUnit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("24h"), 24h);
    EXPECT_EQ(parse_duration("7d"), 168h);
    EXPECT_EQ(parse_duration("0s"), 0s);
}

TEST(ParseDuration, BareNumberIsRefusedBecauseItsUnitWouldBeAGuess) {
    EXPECT_EQ(
        describe(parse_duration("30").error()),
        "'30' is not a duration: the unit is missing (write a whole number and its unit: 250ms, 30s, 5m, 24h or 7d)");
}

class BadDuration : public testing::TestWithParam<const char*> {};

TEST_P(BadDuration, IsRefused) {
    EXPECT_FALSE(parse_duration(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(ParseDuration, BadDuration,
                         testing::Values("", "s", "-1s", "+1s", "1.5s", " 1s", "1s ", "1 s", "1sec", "1S", "1h30m",
                                         "99999999999999999999s", "106752d", "9223372036855s0"));

RC_GTEST_PROP(ParseDuration, EveryWholeNumberOfUnitsIsReadBack, ()) {
    const auto count = *rc::gen::inRange<std::int64_t>(0, 100'000);
    const auto [unit, length] =
        *rc::gen::element(std::pair<std::string, Duration>{"ms", 1ms}, std::pair<std::string, Duration>{"s", 1s},
                          std::pair<std::string, Duration>{"m", 1min}, std::pair<std::string, Duration>{"h", 1h},
                          std::pair<std::string, Duration>{"d", 24h});

    RC_ASSERT((parse_duration(fmt::format("{}{}", count, unit)) == count * length));
}

TEST(DescribeDuration, SaysAtMostTwoSteps) {
    EXPECT_EQ(describe(340ms), "340 ms");
    EXPECT_EQ(describe(12s), "12 s");
    EXPECT_EQ(describe(Duration(3min)), "3 min");
    EXPECT_EQ(describe(Duration(2h)), "2 h");
    EXPECT_EQ(describe(Duration(1500ms)), "1.5 s");
    EXPECT_EQ(describe(Duration(3min + 20s + 7ms)), "3 min 20 s");
    EXPECT_EQ(describe(Duration(2h + 5min + 59s)), "2 h 5 min");
    EXPECT_EQ(describe(Duration(49h)), "2 d 1 h");
}

TEST(DescribeDuration, SmallZeroAndNegativeOnesAreSaidToo) {
    EXPECT_EQ(describe(Duration(0)), "0 ms");
    EXPECT_EQ(describe(Duration(10us)), "less than 1 ms");
    EXPECT_EQ(describe(Duration(1004ms)), "1 s");
    EXPECT_EQ(describe(Duration(-12s)), "-12 s");
    EXPECT_EQ(describe(Duration::min()), "-106751 d 23 h");
}

}  // namespace
}  // namespace rbees
