#include "json_path.hpp"

#include <gtest/gtest.h>

namespace rbees::bdd {
namespace {

constexpr std::string_view text = R"({"url": "http://x", "processes": [{"name": "orcd", "pid": 7}], "socket": null})";

TEST(JsonPath, GivesStringsBareAndTheRestAsJson) {
    EXPECT_EQ(json_at(text, "url"), "http://x");
    EXPECT_EQ(json_at(text, "processes.0.name"), "orcd");
    EXPECT_EQ(json_at(text, "processes.0.pid"), "7");
    EXPECT_EQ(json_at(text, "socket"), "null");
    EXPECT_EQ(json_at("[1,2]", "1"), "2");
}

TEST(JsonPath, SaysWhatIsNotThere) {
    EXPECT_TRUE(json_at(text, "processes.1.name").error().contains("there is no \"processes.1.name\""));
    EXPECT_FALSE(json_at(text, "processes.name"));
    EXPECT_FALSE(json_at(text, "processes.18446744073709551616"));  // does not fit an index, and is not 0
    EXPECT_FALSE(json_at(text, "url.length"));
    EXPECT_TRUE(json_at("oops", "url").error().contains("this is no JSON: oops"));
}

}  // namespace
}  // namespace rbees::bdd
