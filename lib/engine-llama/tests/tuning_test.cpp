#include "tuning.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace rbees::engine {
namespace {

TEST(ChooseThreads, LeavesOneFreeCoreToOthers) {
    EXPECT_EQ(choose_threads(8.0), 7U);
    EXPECT_EQ(choose_threads(2.0), 1U);
}

TEST(ChooseThreads, CountsACoreThatAnotherProcessKeepsBusyAsTaken) {
    // Four cores, one of them kept busy by somebody: three are free, two are used.
    EXPECT_EQ(choose_threads(3.0), 2U);
}

RC_GTEST_PROP(ChooseThreads, NeverTakesAllFreeCoresAndNeverNone, ()) {
    const auto hundredths = *rc::gen::inRange(0, 51'200);
    const auto threads = choose_threads(hundredths / 100.0);

    RC_ASSERT(threads >= 1U);
    RC_ASSERT(threads == 1U || threads <= hundredths / 100.0 - 0.5);
}

RC_GTEST_PROP(ChooseBatch, KeepsAStepUnderItsLimitUnlessTheSmallestBatchIsTooSlow, ()) {
    const double rate = *rc::gen::inRange(1, 2'000'000) / 10.0;
    const auto batch = choose_batch(rate);

    RC_ASSERT(batch % 32 == 0);
    RC_ASSERT(batch >= batch_min);
    RC_ASSERT(batch <= batch_max);
    RC_ASSERT(batch == batch_min || batch / rate <= step_seconds_max);
}

TEST(ChooseBatch, TakesTheSmallestWhereNothingWasMeasured) {
    EXPECT_EQ(choose_batch(0), batch_min);
    EXPECT_EQ(choose_batch(-1), batch_min);
}

TEST(ChooseContext, TakesTheModelsOwnLengthUpToTheDefault) {
    const MemoryNeed need{.weights = mebibytes(100), .per_token = kibibytes(1), .overhead = mebibytes(1)};

    EXPECT_EQ(choose_context({.asked = {}, .trained = Tokens(2048), .slots = 4}, need, mebibytes(4096)), Tokens(2048));
    EXPECT_EQ(choose_context({.asked = {}, .trained = Tokens(131'072), .slots = 4}, need, mebibytes(4096)),
              Tokens(8192));
}

TEST(ChooseContext, HalvesTheDefaultUntilAllSlotsFit) {
    const MemoryNeed need{.weights = mebibytes(100), .per_token = kibibytes(32), .overhead = mebibytes(0)};

    // 8192 tokens in 4 slots would need 1 GiB beside the weights, 4096 half of that.
    EXPECT_EQ(choose_context({.asked = {}, .trained = Tokens(32'768), .slots = 4}, need, mebibytes(700)), Tokens(4096));
}

TEST(ChooseContext, RefusesWithTheNeedWhenTheSmallestDoesNotFit) {
    const MemoryNeed need{.weights = mebibytes(100), .per_token = kibibytes(32), .overhead = mebibytes(0)};

    EXPECT_EQ(choose_context({.asked = {}, .trained = Tokens(32'768), .slots = 4}, need, mebibytes(110)).error(),
              mebibytes(228));
}

TEST(ChooseContext, NeverChangesWhatWasAskedFor) {
    const MemoryNeed need{.weights = mebibytes(100), .per_token = kibibytes(32), .overhead = mebibytes(0)};
    const ContextWish wish{.asked = Tokens(16'384), .trained = Tokens(32'768), .slots = 1};

    EXPECT_EQ(choose_context(wish, need, mebibytes(1000)), Tokens(16'384));
    EXPECT_EQ(choose_context(wish, need, mebibytes(600)).error(), mebibytes(612));
}

RC_GTEST_PROP(ChooseContext, NeverChoosesMoreThanFits, ()) {
    const MemoryNeed need{.weights = mebibytes(*rc::gen::inRange(1, 4000)),
                          .per_token = Bytes(*rc::gen::inRange(0, 500'000)),
                          .overhead = mebibytes(*rc::gen::inRange(0, 500))};
    const ContextWish wish{
        .asked = {}, .trained = Tokens(*rc::gen::inRange(1, 200'000)), .slots = *rc::gen::inRange(1U, 65U)};
    const auto available = mebibytes(*rc::gen::inRange(1, 64'000));

    const auto context = choose_context(wish, need, available);

    if (context) {
        RC_ASSERT(need.total(*context, wish.slots) <= available);
        RC_ASSERT(*context <= wish.trained);
    } else {
        RC_ASSERT(context.error() > available);
    }
}

}  // namespace
}  // namespace rbees::engine
