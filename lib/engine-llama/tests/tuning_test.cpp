#include "tuning.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>

namespace rbees::engine {
namespace {

using namespace std::chrono_literals;

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

/// Steps of a machine that takes so long for each token and for each step.
TimeStep machine(Duration each_token, Duration each_step = {}) {
    return [=](std::uint32_t batch) { return each_step + batch * each_token; };
}

RC_GTEST_PROP(ChooseBatch, KeepsAStepUnderItsLimitUnlessTheSmallestBatchIsTooSlow, ()) {
    const auto time_step = machine(*rc::gen::inRange(1, 30'000) * 1us, *rc::gen::inRange(0, 100'000) * 1us);

    const auto [batch, step] = choose_batch(time_step);

    RC_ASSERT(std::has_single_bit(batch));
    RC_ASSERT(batch >= batch_min);
    RC_ASSERT(batch <= batch_max);
    RC_ASSERT(step == time_step(batch));
    RC_ASSERT(batch == batch_min || *step < step_max);
    RC_ASSERT(batch == batch_max || *time_step(2 * batch) > step_max / 2);
}

TEST(ChooseBatch, LeavesAFifthInReserve) {
    EXPECT_EQ(choose_batch(machine(3ms)).batch, 64U);     // 192 ms
    EXPECT_EQ(choose_batch(machine(3200us)).batch, 32U);  // 64 tokens would take 205 ms
}

TEST(ChooseBatch, TakesTheSmallestWhereNothingCanBeMeasured) {
    const auto choice = choose_batch([](std::uint32_t) { return std::nullopt; });

    EXPECT_EQ(choice.batch, batch_min);
    EXPECT_EQ(choice.step, std::nullopt);
}

TEST(ChooseBatch, EndsWhereAStepDoesNotFitIntoASlot) {
    const auto choice = choose_batch([](std::uint32_t batch) -> std::optional<Duration> {
        if (batch > 128) return std::nullopt;
        return 1ms;
    });

    EXPECT_EQ(choice.batch, 128U);
}

TEST(ChooseBatch, IsNotMisledByOneStepThatSomethingDelayed) {
    int run = 0;
    const auto choice = choose_batch([&](std::uint32_t batch) -> std::optional<Duration> {
        return batch == 64 && run++ == 0 ? 280ms : batch * 2ms;
    });

    EXPECT_EQ(choice.batch, 64U);
    EXPECT_EQ(choice.step, 128ms);
}

TEST(ChooseBatch, RunsAStepOnceThatIsFarTooSlow) {
    int runs = 0;
    const auto choice = choose_batch([&](std::uint32_t) {
        ++runs;
        return 6s;
    });

    EXPECT_EQ(choice.batch, batch_min);
    EXPECT_EQ(choice.step, 6s);
    EXPECT_EQ(runs, 1);
}

TEST(Undisturbed, IsTheTimeThatPassedOnAQuietMachine) {
    EXPECT_EQ(undisturbed(100ms, 100ms, 1), 100ms);
    EXPECT_EQ(undisturbed(100ms, 190ms, 2), 100ms);
}

TEST(Undisturbed, LeavesOutTheTimeInWhichOthersHadTheCores) {
    // Four others on two cores: the thread had a core for 150 of 250 ms.
    EXPECT_EQ(undisturbed(250ms, 150ms, 1), 160ms);
    EXPECT_EQ(undisturbed(250ms, 300ms, 2), 160ms);
}

TEST(GrowthPerHeldToken, IsTheSlopeOfTheStepsThatWereMeasured) {
    const std::vector<PromptStep> steps = {{Tokens(0), 120ms}, {Tokens(32), 124ms}, {Tokens(64), 128ms}};

    EXPECT_EQ(growth_per_held_token(steps), 125us);
}

TEST(GrowthPerHeldToken, IsNoneWhereStepsDoNotGrowOrOnlyOneWasMeasured) {
    const std::vector<PromptStep> falling = {{Tokens(0), 120ms}, {Tokens(32), 110ms}};
    const std::vector<PromptStep> one = {{Tokens(0), 120ms}};

    EXPECT_EQ(growth_per_held_token(falling), Duration::zero());
    EXPECT_EQ(growth_per_held_token(one), Duration::zero());
    EXPECT_EQ(growth_per_held_token({}), Duration::zero());
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
