#include "rbees/base/crash_point.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "rbees/base/files.hpp"

namespace rbees {
namespace {

using testing::ElementsAre;
using testing::ExitedWithCode;
using testing::HasSubstr;

TEST(CrashPoints, AreListedInTheirOrderEachWithANameOfItsOwn) {
    std::set<std::string_view> names;
    for (std::size_t index = 0; index < crash_points.size(); ++index) {
        EXPECT_EQ(static_cast<std::size_t>(crash_points.at(index).point), index);
        EXPECT_TRUE(names.insert(crash_points.at(index).name).second);
        EXPECT_FALSE(crash_points.at(index).meaning.empty());
    }
}

TEST(CrashOrders, NameAPointAndWhichPass) {
    const auto orders = read_crash_orders("before-append,task-answered:12");

    ASSERT_TRUE(orders);
    EXPECT_THAT(*orders,
                ElementsAre(CrashOrder{CrashPoint::before_append, 1}, CrashOrder{CrashPoint::task_answered, 12}));
}

TEST(CrashOrders, RefuseANameThatIsNoneWithAllThatThereAre) {
    const auto orders = read_crash_orders("before-lunch");

    ASSERT_FALSE(orders);
    EXPECT_THAT(orders.error().message, HasSubstr("\"before-lunch\""));
    for (const auto& each : crash_points) {
        EXPECT_THAT(orders.error().message, HasSubstr(std::string(each.name)));
    }
}

TEST(CrashOrders, RefuseAPassThatIsNoNumber) {
    for (const auto* wrong : {"before-append:0", "before-append:", "before-append:x", "before-append:-1"}) {
        EXPECT_FALSE(read_crash_orders(wrong)) << wrong;
    }
}

#ifdef RBEES_CRASH_POINTS
class CrashPointsOfAProcess : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directories(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    /// Ends the process with 0 after so many passes, if it is alive then.
    void pass(const std::string& orders, int times) {
        const std::map<std::string, std::string> values{{"RBEES_CRASH_AT", orders},
                                                        {"RBEES_CRASH_FOLDER", folder_.string()}};
        const auto armed = arm_crash_points([&](const std::string& name) -> std::optional<std::string> {
            const auto found = values.find(name);
            return found == values.end() ? std::nullopt : std::optional(found->second);
        });
        ASSERT_TRUE(armed);
        for (int passed = 0; passed < times; ++passed) {
            crash_point(CrashPoint::task_answered);
        }
        ::_exit(0);
    }

    std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) /
        ("crash_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
};

TEST_F(CrashPointsOfAProcess, EndItAtThePassThatWasOrderedAndNoSooner) {
    EXPECT_EXIT(pass("task-answered:3", 2), ExitedWithCode(0), "");
    EXPECT_EXIT(pass("task-answered:3", 3), ExitedWithCode(137), "");
}

TEST_F(CrashPointsOfAProcess, DoNotEndTheNextOneAtTheSamePlace) {
    EXPECT_EXIT(pass("task-answered", 1), ExitedWithCode(137), "");

    EXPECT_TRUE(std::filesystem::exists(folder_ / "task-answered"));
    EXPECT_EXIT(pass("task-answered", 5), ExitedWithCode(0), "");
}

TEST_F(CrashPointsOfAProcess, LetPassWhereNothingIsOrdered) {
    EXPECT_EXIT(pass("before-append", 5), ExitedWithCode(0), "");
    EXPECT_EXIT(pass("", 5), ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace rbees
