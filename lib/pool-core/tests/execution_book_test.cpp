#include "rbees/pool_core/execution_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace rbees::pool {
namespace {

using contracts::ExecutionState;
using std::chrono_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const ExecutionKey first{JobId("job"), 1};
const ExecutionKey second{JobId("job"), 2};
constexpr Instant now{std::chrono::hours(1)};

ExecutionEvent token(std::uint64_t i, std::string data = "x") {
    return {.name = "token", .data = std::move(data), .first = i, .count = 1};
}

ExecutionEvent end() {
    return {.name = "end", .data = "{}"};
}

ExecutionBook with_tokens(std::uint64_t count, ExecutionLimits limits = {}) {
    ExecutionBook book(limits);
    EXPECT_TRUE(book.begin(first, now));
    EXPECT_TRUE(book.push(first, {.name = "start", .data = "{}"}));
    for (std::uint64_t i = 0; i < count; ++i) {
        static_cast<void>(book.push(first, token(i)));
    }
    return book;
}

/// The names and numbers of what is kept behind `after`.
std::vector<std::string> kept(ExecutionBook& book, std::optional<std::uint64_t> after = std::nullopt) {
    std::vector<std::string> names;
    for (const auto& event : book.attach(first, after, now).value()) {
        names.push_back(event.name == "token" ? std::to_string(event.first) : event.name);
    }
    return names;
}

TEST(ExecutionBook, TheSameOrderAgainStartsNothing) {
    ExecutionBook book;

    EXPECT_TRUE(book.begin(first, now)->is_new);
    EXPECT_FALSE(book.begin(first, now)->is_new);
    EXPECT_EQ(book.size(), 1U);
}

TEST(ExecutionBook, ANewerAttemptTakesTheOldersPlaceAndFencesIt) {
    auto book = with_tokens(2);

    const auto begun = book.begin(second, now).value();

    EXPECT_THAT(begun.outdated, ElementsAre(first));
    EXPECT_EQ(book.begin(first, now).error(), ExecutionRefusal::fenced);
    EXPECT_EQ(book.attach(first, {}, now).error(), ExecutionRefusal::fenced);
    EXPECT_EQ(book.acknowledge(first, 1, now).error(), ExecutionRefusal::fenced);
    EXPECT_FALSE(book.push(first, token(2)));
}

TEST(ExecutionBook, AnAttemptIsFencedAlsoWhenTheNewerOneIsOver) {
    ExecutionBook book;
    ASSERT_TRUE(book.begin(second, now));
    book.release(second);

    EXPECT_EQ(book.begin(first, now).error(), ExecutionRefusal::fenced);
    EXPECT_EQ(book.attach(second, {}, now).error(), ExecutionRefusal::unknown);

    static_cast<void>(book.expire(now + book.limits().attempts_remembered));
    EXPECT_TRUE(book.begin(first, now));
}

TEST(ExecutionBook, KeepsEverythingUntilItIsAcknowledged) {
    auto book = with_tokens(4);

    EXPECT_THAT(kept(book), ElementsAre("start", "0", "1", "2", "3"));
    EXPECT_THAT(kept(book, 1), ElementsAre("start", "2", "3"));

    ASSERT_TRUE(book.acknowledge(first, 2, now));

    EXPECT_THAT(kept(book, 2), ElementsAre("3"));
    EXPECT_THAT(kept(book), ElementsAre("3"));
}

TEST(ExecutionBook, AFrameOfSeveralTokensIsKeptUntilItsLastOneIsStored) {
    ExecutionBook book;
    ASSERT_TRUE(book.begin(first, now));
    static_cast<void>(book.push(first, {.name = "token", .data = "abc", .first = 0, .count = 3}));

    ASSERT_TRUE(book.acknowledge(first, 1, now));
    EXPECT_THAT(kept(book, 1), ElementsAre("0"));

    ASSERT_TRUE(book.acknowledge(first, 2, now));
    EXPECT_THAT(kept(book, 2), IsEmpty());
}

TEST(ExecutionBook, PausesWhenItsBufferIsFullAndGoesOnWhenHalfOfItIsFree) {
    ExecutionLimits limits;
    limits.buffered_tokens_max = 4;
    auto book = with_tokens(3, limits);

    EXPECT_FALSE(book.push(first, token(3)));
    EXPECT_EQ(book.state_of(first), ExecutionState::paused);
    EXPECT_FALSE(book.acknowledge(first, std::nullopt, now).value());
    EXPECT_FALSE(book.acknowledge(first, 0, now).value()) << "it would pause again at once";

    EXPECT_TRUE(book.acknowledge(first, 1, now).value());

    EXPECT_EQ(book.state_of(first), ExecutionState::running);
    EXPECT_FALSE(book.acknowledge(first, 2, now).value()) << "told once";
}

TEST(ExecutionBook, PausesByBytesToo) {
    ExecutionLimits limits;
    limits.buffered_bytes_max = 100;
    auto book = with_tokens(0, limits);

    EXPECT_TRUE(book.push(first, token(0, std::string(50, 'x'))));
    EXPECT_FALSE(book.push(first, token(1, std::string(60, 'x'))));
}

TEST(ExecutionBook, DoesNotPauseForAStartThatIsLongerThanItsBuffer) {
    ExecutionLimits limits;
    limits.buffered_bytes_max = 100;
    ExecutionBook book(limits);
    ASSERT_TRUE(book.begin(first, now));

    EXPECT_TRUE(book.push(first, {.name = "start", .data = std::string(200, 'x')}));
    EXPECT_TRUE(book.push(first, token(0, std::string(50, 'x'))));
    EXPECT_FALSE(book.push(first, token(1, std::string(50, 'x'))));

    EXPECT_TRUE(book.acknowledge(first, 0, now).value());
}

TEST(ExecutionBook, KeepsTheEndUntilItIsReleased) {
    auto book = with_tokens(1);
    EXPECT_FALSE(book.push(first, end()));
    EXPECT_EQ(book.state_of(first), ExecutionState::ended);
    EXPECT_FALSE(book.push(first, token(1))) << "nothing comes behind the end";

    ASSERT_TRUE(book.acknowledge(first, 0, now));
    EXPECT_THAT(kept(book, 0), ElementsAre("end"));

    book.release(first);
    EXPECT_EQ(book.attach(first, 0, now).error(), ExecutionRefusal::unknown);
}

TEST(ExecutionBook, EndsWhatNobodyRenews) {
    auto book = with_tokens(1);
    const auto lease = book.limits().lease;
    EXPECT_EQ(book.next_expiry(), now + lease);

    ASSERT_TRUE(book.acknowledge(first, 0, now + 30s));

    EXPECT_THAT(book.expire(now + lease), IsEmpty());
    EXPECT_THAT(book.expire(now + 30s + lease), ElementsAre(first));
    EXPECT_EQ(book.attach(first, 0, now + 31s + lease).error(), ExecutionRefusal::unknown);
    EXPECT_FALSE(book.next_expiry());
}

TEST(ExecutionBook, RefusesOneMoreThanItMayHold) {
    ExecutionLimits limits;
    limits.executions_max = 1;
    ExecutionBook book(limits);
    ASSERT_TRUE(book.begin(first, now));

    EXPECT_EQ(book.begin({JobId("other"), 1}, now).error(), ExecutionRefusal::full);
    EXPECT_TRUE(book.begin(second, now)) << "it takes the place of its own older attempt";
}

TEST(ExecutionBook, RemembersNoMoreJobsThanItMay) {
    ExecutionLimits limits;
    limits.attempts_remembered_max = 2;
    ExecutionBook book(limits);
    for (int number = 0; number < 5; ++number) {
        const ExecutionKey key{JobId("job " + std::to_string(number)), 2};
        ASSERT_TRUE(book.begin(key, now + std::chrono::seconds(number)));
        book.release(key);
    }

    EXPECT_TRUE(book.begin({JobId("job 0"), 1}, now)) << "forgotten: the oldest";
    EXPECT_EQ(book.begin({JobId("job 4"), 1}, now).error(), ExecutionRefusal::fenced);
}

TEST(ExecutionBook, DoesNotBeginAnAttemptAgainThatIsOver) {
    auto released = with_tokens(1);
    released.release(first);
    auto expired = with_tokens(1);
    ASSERT_THAT(expired.expire(now + expired.limits().lease), ElementsAre(first));

    EXPECT_EQ(released.begin(first, now).error(), ExecutionRefusal::fenced);
    EXPECT_EQ(expired.begin(first, now + expired.limits().lease).error(), ExecutionRefusal::fenced);
    EXPECT_TRUE(expired.begin(second, now + expired.limits().lease));
}

TEST(ExecutionBook, RefusesAnOrderThatWasCancelledBeforeItCame) {
    ExecutionBook book;

    book.cancel(second, now);

    EXPECT_EQ(book.begin(second, now).error(), ExecutionRefusal::fenced);
    EXPECT_EQ(book.begin(first, now).error(), ExecutionRefusal::fenced);
}

TEST(ExecutionBook, CancellingAnOldAttemptLeavesTheNewerOneAlone) {
    ExecutionBook book;
    ASSERT_TRUE(book.begin(second, now));

    book.cancel(first, now);

    EXPECT_EQ(book.state_of(second), ExecutionState::running);
    EXPECT_FALSE(book.begin(second, now)->is_new);
}

TEST(ExecutionBook, TakesAnOrderAgainThatWasWithdrawn) {
    ExecutionBook book;
    ASSERT_TRUE(book.begin(first, now));

    book.withdraw(first);

    EXPECT_EQ(book.state_of(first), std::nullopt);
    EXPECT_TRUE(book.begin(first, now)->is_new);
}

TEST(ExecutionBook, RemembersAnAttemptForAWhileBehindItsEndHoweverLongItRan) {
    ExecutionBook book;
    ASSERT_TRUE(book.begin(second, now));
    const auto ended = now + 10 * book.limits().attempts_remembered;
    ASSERT_TRUE(book.acknowledge(second, {}, ended));
    book.release(second);

    EXPECT_EQ(book.begin(first, ended + 1s).error(), ExecutionRefusal::fenced);
    EXPECT_TRUE(book.begin(first, ended + book.limits().attempts_remembered));
}

TEST(ExecutionBook, NeverForgetsAnAttemptThatRuns) {
    ExecutionLimits limits;
    limits.attempts_remembered_max = 1;
    ExecutionBook book(limits);
    ASSERT_TRUE(book.begin(second, now));
    book.cancel({JobId("other"), 1}, now + 1s);

    EXPECT_EQ(book.begin(first, now + 2s).error(), ExecutionRefusal::fenced);
}

TEST(ExecutionBook, LetsABufferGrowWhereAGenerationCouldNotGoOn) {
    ExecutionLimits limits;
    limits.buffered_tokens_max = 2;
    auto book = with_tokens(0, limits);
    book.let_grow(first);

    for (std::uint64_t i = 0; i < 10; ++i) {
        EXPECT_TRUE(book.push(first, token(i)));
    }

    EXPECT_EQ(book.state_of(first), ExecutionState::running);
    EXPECT_FALSE(book.acknowledge(first, 9, now).value()) << "it never stopped";
}

TEST(ExecutionBook, KeepsTheStartOfAnAttemptThatGoesOnUntilATokenOfItsOwnIsStored) {
    ExecutionBook book;
    ASSERT_TRUE(book.begin(first, now));
    static_cast<void>(book.push(first, {.name = "start", .data = "{}", .first = 5}));
    static_cast<void>(book.push(first, token(5)));

    ASSERT_TRUE(book.acknowledge(first, 4, now));
    EXPECT_THAT(kept(book, 4), ElementsAre("start", "5"));

    ASSERT_TRUE(book.acknowledge(first, 5, now));
    EXPECT_THAT(kept(book, 5), IsEmpty());
}

TEST(ExecutionBook, ReadsOnBehindAPlace) {
    auto book = with_tokens(3);
    const auto read = book.attach(first, 0, now).value();
    const auto place = book.last_place(first);
    ASSERT_THAT(read, SizeIs(3)) << "start, 1, 2";
    EXPECT_THAT(book.behind(first, place), IsEmpty());

    static_cast<void>(book.push(first, token(3)));
    static_cast<void>(book.push(first, end()));
    ASSERT_TRUE(book.acknowledge(first, 2, now));

    const auto more = book.behind(first, place);
    ASSERT_THAT(more, SizeIs(2));
    EXPECT_EQ(more.front().first, 3U);
    EXPECT_EQ(more.back().name, "end");
    EXPECT_THAT(book.behind(first, more.back().place), IsEmpty());
    EXPECT_THAT(book.behind(first, 0), SizeIs(2)) << "what is stored is gone";
    EXPECT_THAT(book.behind(second, 0), IsEmpty());
}

RC_GTEST_PROP(ExecutionBookProperty, GivesEveryTokenBehindWhatIsStoredHoweverOneAttaches, ()) {
    const auto made = *rc::gen::inRange<std::uint64_t>(1, 40);
    auto book = with_tokens(0);
    std::uint64_t next = 0;
    std::uint64_t stored = 0;
    while (next < made) {
        const auto count = *rc::gen::inRange<std::uint64_t>(1, 4);
        static_cast<void>(book.push(first, {.name = "token", .data = "x", .first = next, .count = count}));
        next += count;
        if (*rc::gen::arbitrary<bool>()) {
            stored = *rc::gen::inRange(stored, next + 1);
            const auto through = stored == 0 ? std::nullopt : std::optional(stored - 1);
            RC_ASSERT(book.acknowledge(first, through, now).has_value());
        }
        const auto after = stored == 0 ? std::nullopt : std::optional(stored - 1);
        std::uint64_t expected = stored;
        for (const auto& event : book.attach(first, after, now).value()) {
            if (event.name != "token") continue;
            RC_ASSERT(event.first <= expected);
            expected = event.first + event.count;
        }
        RC_ASSERT(expected == next);
    }
}

}  // namespace
}  // namespace rbees::pool
