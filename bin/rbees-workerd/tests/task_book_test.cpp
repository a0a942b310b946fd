#include "task_book.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "limits.hpp"

namespace rbees::workerd {
namespace {

using std::chrono_literals::operator""s;

class TaskBookTest : public testing::Test {
  protected:
    TaskBook::Stop note(std::string what) {
        return [this, what] { stopped.push_back(what); };
    }

    std::shared_ptr<TaskBook> book = std::make_shared<TaskBook>();
    std::vector<std::string> stopped;
    Instant now{};
    const TaskId task{"t-1"};
};

TEST_F(TaskBookTest, CancelStopsTheTaskOfThatIdOnly) {
    const auto first = book->begin(task, note("first"), now);
    const auto other = book->begin(TaskId("t-2"), note("other"), now);
    ASSERT_TRUE(first && other);

    book->cancel(task, now);

    EXPECT_EQ(stopped, std::vector<std::string>{"first"});
    EXPECT_EQ(book->running(), 2U);
}

TEST_F(TaskBookTest, RequestThatComesAfterItsCancelIsRefusedForAMinute) {
    book->cancel(task, now);

    const auto soon = book->begin(task, note("soon"), now + 59s);
    const auto late = book->begin(task, note("late"), now + 60s);

    EXPECT_FALSE(soon);
    EXPECT_TRUE(late);
    EXPECT_TRUE(stopped.empty());
}

TEST_F(TaskBookTest, SecondCancelOfAnIdExtendsItsMinute) {
    book->cancel(task, now);
    book->cancel(task, now + 30s);

    EXPECT_FALSE(book->begin(task, note(""), now + 61s));
    EXPECT_TRUE(book->begin(task, note(""), now + 90s));
}

TEST_F(TaskBookTest, BothCopiesOfARepeatedRequestAreStopped) {
    const auto first = book->begin(task, note("first"), now);
    const auto again = book->begin(task, note("again"), now);

    book->cancel(task, now);

    EXPECT_EQ(stopped, (std::vector<std::string>{"first", "again"}));
}

TEST_F(TaskBookTest, EntryThatEndedIsNotStopped) {
    {
        const auto entry = book->begin(task, note("ended"), now);
    }

    book->cancel(task, now);

    EXPECT_TRUE(stopped.empty());
    EXPECT_EQ(book->running(), 0U);
}

TEST_F(TaskBookTest, TaskMayEndWhileItIsBeingStopped) {
    std::optional<TaskBook::Entry> entry;
    auto begun = book->begin(task, [&] { entry.reset(); }, now);
    entry.emplace(std::move(*begun));

    book->cancel(task, now);

    EXPECT_EQ(book->running(), 0U);
}

TEST_F(TaskBookTest, OldestCancelIsForgottenWhenTooManyAreRemembered) {
    book->cancel(task, now);
    for (std::size_t index = 0; index < remembered_cancels_max; ++index) {
        book->cancel(TaskId("other-" + std::to_string(index)), now);
    }

    EXPECT_TRUE(book->begin(task, note(""), now));
    EXPECT_FALSE(book->begin(TaskId("other-0"), note(""), now));
}

TEST_F(TaskBookTest, IdleIsToldAtOnceOrWhenTheLastTaskEnds) {
    int calls = 0;
    book->when_idle([&] { ++calls; });
    EXPECT_EQ(calls, 1);

    {
        auto first = book->begin(task, note(""), now);
        {
            auto second = book->begin(TaskId("t-2"), note(""), now);
            book->when_idle([&] { ++calls; });
        }
        EXPECT_EQ(calls, 1);
    }

    EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace rbees::workerd
