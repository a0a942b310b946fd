#include "rbees/base/units.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace rbees {
namespace {

TEST(Bytes, AddAndCompareAmongThemselves) {
    auto sum = kibibytes(1) + Bytes(24);
    sum += Bytes(1);

    EXPECT_EQ(sum, Bytes(1049));
    EXPECT_LT(mebibytes(1), Bytes(1'048'577));
}

TEST(DescribeBytes, UsesDecimalUnits) {
    EXPECT_EQ(describe(Bytes(0)), "0 B");
    EXPECT_EQ(describe(Bytes(999)), "999 B");
    EXPECT_EQ(describe(Bytes(1000)), "1 kB");
    EXPECT_EQ(describe(Bytes(94'200'000)), "94.2 MB");
    EXPECT_EQ(describe(Bytes(1'530'000'000)), "1.5 GB");
}

TEST(DescribeBytes, RoundsUpIntoTheNextUnit) {
    EXPECT_EQ(describe(Bytes(999'949)), "999.9 kB");
    EXPECT_EQ(describe(Bytes(999'950)), "1 MB");
    EXPECT_EQ(describe(Bytes(999'960'000)), "1 GB");
    EXPECT_EQ(describe(Bytes(std::numeric_limits<std::uint64_t>::max())), "18.4 EB");
}

TEST(ParseBytes, ReadsDecimalAndBinaryUnits) {
    EXPECT_EQ(parse_bytes("100"), Bytes(100));
    EXPECT_EQ(parse_bytes("100B"), Bytes(100));
    EXPECT_EQ(parse_bytes("512MB"), Bytes(512'000'000));
    EXPECT_EQ(parse_bytes("2GiB"), Bytes(2'147'483'648));
    EXPECT_EQ(parse_bytes("1.5GB"), Bytes(1'500'000'000));
    EXPECT_EQ(parse_bytes("0.5 KiB"), Bytes(512));
    EXPECT_EQ(parse_bytes("3tib"), Bytes(std::uint64_t{3} << 40));
    EXPECT_EQ(parse_bytes("18446744073709551615"), Bytes(std::numeric_limits<std::uint64_t>::max()));
}

TEST(ParseBytes, RefusalSaysWhatIsWrong) {
    EXPECT_EQ(parse_bytes("5M").error().message, "'5M' is not a size: 'M' is not a unit");
    EXPECT_EQ(parse_bytes("1.5").error().message, "'1.5' is not a size: a byte cannot be divided");
    EXPECT_EQ(parse_bytes("MB").error().message, "'MB' is not a size: it does not start with a number");
    EXPECT_EQ(parse_bytes("99999999PB").error().message, "'99999999PB' is not a size: the number is too large");
}

class BadSize : public testing::TestWithParam<const char*> {};

TEST_P(BadSize, IsRefused) {
    EXPECT_FALSE(parse_bytes(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(ParseBytes, BadSize,
                         testing::Values("", " ", "-1", "+1", "1.GB", ".5GB", "1  GB", "1GB ", "1e3", "0x10",
                                         "18446744073709551616", "16384PiB0", "20000000000GiB", "1.0123456789GB"));

RC_GTEST_PROP(ParseBytes, EveryWholeNumberOfUnitsIsReadBack, ()) {
    const auto count = *rc::gen::inRange<std::uint64_t>(0, 10'000);
    const auto [unit, size] = *rc::gen::element(std::pair<std::string, std::uint64_t>{"", 1},
                                                std::pair<std::string, std::uint64_t>{"kB", 1000},
                                                std::pair<std::string, std::uint64_t>{"MiB", 1 << 20},
                                                std::pair<std::string, std::uint64_t>{"GB", 1'000'000'000});

    RC_ASSERT((parse_bytes(fmt::format("{}{}", count, unit)) == Bytes(count * size)));
}

RC_GTEST_PROP(ParseBytes, ReadsWhatDescribeSaysWithinItsRounding, ()) {
    const Bytes bytes(*rc::gen::inRange<std::uint64_t>(0, 900'000'000'000'000));

    const auto read = parse_bytes(describe(bytes));

    RC_ASSERT(read.has_value());
    const auto difference = read->value > bytes.value ? read->value - bytes.value : bytes.value - read->value;
    RC_ASSERT(difference <= bytes.value / 18);
}

}  // namespace
}  // namespace rbees
