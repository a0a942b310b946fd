#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "rbees/reflect/read.hpp"
#include "rbees/reflect/schema.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::reflect {
namespace {

enum class Colour { red, default_ };
BOOST_DESCRIBE_ENUM(Colour, red, default_)

struct Wheel {
    std::uint8_t spokes = 0;
    std::optional<std::string> maker;

    bool operator==(const Wheel&) const = default;
};
BOOST_DESCRIBE_STRUCT(Wheel, (), (spokes, maker))

struct Cart {
    WorkerId id;
    Colour colour = Colour::red;
    std::vector<Wheel> wheels;
    std::map<std::string, double> prices;
    Bytes weight;
    WallTime built{};
    std::int32_t offset = 0;
    bool is_new = false;
    std::optional<json::object> extra;

    bool operator==(const Cart&) const = default;
};
BOOST_DESCRIBE_STRUCT(Cart, (), (id, colour, wheels, prices, weight, built, offset, is_new, extra))

Cart some_cart() {
    return {.id = WorkerId("w-1"),
            .colour = Colour::default_,
            .wheels = {{8, "Ada"}, {12, std::nullopt}},
            .prices = {{"eur", 9.5}},
            .weight = Bytes(42),
            .built = WallTime(std::chrono::milliseconds(1'700'000'000'123)),
            .offset = -7,
            .is_new = true,
            .extra = json::object{{"note", "x"}}};
}

TEST(Reflection, ReadsBackWhatItWrites) {
    const auto cart = some_cart();

    EXPECT_EQ(from_json<Cart>(to_json(cart)), cart);
    EXPECT_EQ(from_json_text<Cart>(to_json_text(cart)), cart);
}

TEST(Reflection, LeavesOutEmptyOptionalsAndTakesNullForThem) {
    EXPECT_EQ(to_json_text(Wheel{8, std::nullopt}), R"({"spokes":8})");
    EXPECT_EQ(from_json_text<Wheel>(R"({"spokes":8,"maker":null})"), (Wheel{8, std::nullopt}));
}

TEST(Reflection, ReportsEveryFaultWithItsPointer) {
    const auto cart = from_json_text<Cart>(R"({"id":1,"colour":"blue","wheels":[{"spokes":300},{}],
        "prices":{"a/b":"x"},"weight":-1,"built":"yesterday","offset":1.5,"is_new":"yes"})");

    ASSERT_FALSE(cart);
    EXPECT_EQ(describe(cart.error()),
              "/id: must be a string; /colour: must be one of red, default; /wheels/0/spokes: must be at most 255; "
              "/wheels/1/spokes: is required; /prices/a~1b: must be a number; /weight: must not be negative; "
              "/built: must be a time such as 2026-01-31T12:00:00Z; /offset: must be a whole number; "
              "/is_new: must be true or false");
}

/// An array with that many elements.
std::string array_of(std::size_t count, std::string_view element) {
    std::string text = "[";
    for (std::size_t index = 0; index < count; ++index) {
        text.append(index == 0 ? "" : ",").append(element);
    }
    return text + "]";
}

TEST(Reflection, StopsAtTheHundredthFaultAndSaysSo) {
    const auto wheels = from_json_text<std::vector<Wheel>>(array_of(1'000'000, "0"));

    ASSERT_FALSE(wheels);
    ASSERT_EQ(wheels.error().size(), faults_max);
    EXPECT_EQ(wheels.error()[faults_max - 2].pointer, "/98");
    EXPECT_EQ(wheels.error().back().pointer, "");
    EXPECT_EQ(wheels.error().back().detail, "is read no further: 100 faults are reported at most (faults_max)");
    EXPECT_EQ(wheels.error().back().limit, "faults_max");
}

TEST(Reflection, ReportsFewerFaultsToTheLast) {
    const auto carts = from_json_text<std::vector<Wheel>>(array_of(faults_max - 2, "0"));

    ASSERT_FALSE(carts);
    EXPECT_EQ(carts.error().size(), faults_max - 2);
    EXPECT_EQ(carts.error().back().pointer, "/97");
}

TEST(Reflection, RefusesMoreElementsThanADocumentMayHaveInAll) {
    const auto half = array_of(elements_max / 2, "0");

    const auto rows = from_json_text<std::vector<std::vector<std::uint8_t>>>("[" + half + "," + half + "]");

    ASSERT_FALSE(rows);
    EXPECT_EQ(describe(rows.error()), "/1: holds more than 2000000 elements, all in all (elements_max)");
    EXPECT_EQ(rows.error().front().limit, "elements_max");
}

TEST(Reflection, RefusesStringsBeyondTheBoundThatItsCallerGives) {
    const std::string text = R"({"spokes":8,"maker":"12345"})";

    EXPECT_TRUE(from_json_text<Wheel>(text, {.text = 5}));
    const auto wheel = from_json_text<Wheel>(text, {.text = 4});

    ASSERT_FALSE(wheel);
    EXPECT_EQ(describe(wheel.error()), "/maker: must have at most 4 bytes");
}

TEST(Reflection, IgnoresMembersThatNobodyKnows) {
    EXPECT_EQ(from_json_text<Wheel>(R"({"spokes":8,"colour":"red"})"), (Wheel{8, std::nullopt}));
}

TEST(Reflection, SaysWhereASyntaxErrorStands) {
    const auto wheel = from_json_text<Wheel>(R"({"spokes":})");

    ASSERT_FALSE(wheel);
    EXPECT_EQ(wheel.error()[0].pointer, "");
    EXPECT_TRUE(wheel.error()[0].detail.starts_with("is not JSON: "));
}

TEST(Reflection, WritesAJsonSchema) {
    EXPECT_EQ(to_text(schema<Wheel>()),
              R"({"type":"object","properties":{"spokes":{"type":"integer","minimum":0},"maker":{"type":"string"}},)"
              R"("required":["spokes"]})");
    EXPECT_EQ(to_text(schema<Colour>()), R"({"type":"string","enum":["red","default"]})");
}

RC_GTEST_PROP(Reflection, ReadsBackEveryWheel, (std::uint8_t spokes, bool has_maker)) {
    const Wheel wheel{spokes, has_maker ? std::optional<std::string>("M") : std::nullopt};
    RC_ASSERT(from_json_text<Wheel>(to_json_text(wheel)).value() == wheel);
}

}  // namespace
}  // namespace rbees::reflect
