#include "rbees/kernel/output_gate.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace rbees::kernel {
namespace {

/// What was let out, in order.
class OutputGateTest : public testing::Test {
  protected:
    void hold(std::string name) {
        gate_.hold([this, name = std::move(name)] { out_.push_back(name); });
    }

    using Names = std::vector<std::string>;

    OutputGate gate_;
    Names out_;
};

TEST_F(OutputGateTest, LetsAnOutputOutAtOnceWhenEverythingIsOnDisk) {
    gate_.batch_appended();
    gate_.batch_durable();

    hold("answer");

    EXPECT_EQ(out_, Names{"answer"});
    EXPECT_EQ(gate_.held(), 0U);
}

TEST_F(OutputGateTest, HoldsAnOutputUntilEveryBatchBeforeItIsOnDisk) {
    gate_.batch_appended();
    gate_.batch_appended();
    hold("answer");

    gate_.batch_durable();
    EXPECT_EQ(out_, Names{});
    EXPECT_EQ(gate_.held(), 1U);

    gate_.batch_durable();
    EXPECT_EQ(out_, Names{"answer"});
}

TEST_F(OutputGateTest, DoesNotHoldAnOutputForABatchAfterIt) {
    gate_.batch_appended();
    hold("first");
    gate_.batch_appended();
    hold("second");

    gate_.batch_durable();

    EXPECT_EQ(out_, Names{"first"});
}

TEST_F(OutputGateTest, LetsOutputsOutInTheOrderInWhichTheyCame) {
    gate_.batch_appended();
    hold("first");
    hold("second");
    hold("third");

    gate_.batch_durable();

    EXPECT_EQ(out_, (Names{"first", "second", "third"}));
}

TEST_F(OutputGateTest, PutsWhatAnOutputSaysBehindThoseThatWait) {
    gate_.batch_appended();
    gate_.hold([this] {
        out_.emplace_back("first");
        hold("said by first");
    });
    hold("second");

    gate_.batch_durable();

    EXPECT_EQ(out_, (Names{"first", "second", "said by first"}));
}

TEST_F(OutputGateTest, HoldsWhatAnOutputSaysAfterABatchOfItsOwn) {
    gate_.hold([this] {
        gate_.batch_appended();
        hold("said by first");
    });
    EXPECT_EQ(out_, Names{});

    gate_.batch_durable();

    EXPECT_EQ(out_, Names{"said by first"});
}

TEST_F(OutputGateTest, NoticesABatchThatGetsOnDiskInsideAnOutput) {
    gate_.batch_appended();
    gate_.hold([this] {
        gate_.batch_appended();
        hold("said by first");
        gate_.batch_durable();
        out_.emplace_back("first");
    });

    gate_.batch_durable();

    EXPECT_EQ(out_, (Names{"first", "said by first"}));
}

TEST(OutputGateDeathTest, StopsTheProgramWhenABatchIsOnDiskThatNobodyAppended) {
    OutputGate gate;
    gate.batch_appended();
    gate.batch_durable();

    EXPECT_DEATH(gate.batch_durable(), "durable_ < appended_");
}

enum class Step { append, sync, say };

TEST(OutputGateProperty, NothingIsLateAndNothingIsEarlyAndNothingChangesPlaces) {
    EXPECT_TRUE(rc::check([] {
        const auto steps =
            *rc::gen::container<std::vector<Step>>(rc::gen::element(Step::append, Step::sync, Step::say));
        OutputGate gate;
        std::size_t appended = 0;
        std::size_t durable = 0;
        std::vector<std::size_t> needed;  // by each output, in order
        std::size_t out = 0;

        for (const auto step : steps) {
            if (step == Step::append) {
                gate.batch_appended();
                ++appended;
            } else if (step == Step::sync && durable < appended) {
                ++durable;
                gate.batch_durable();
            } else if (step == Step::say) {
                needed.push_back(appended);
                gate.hold([&out, number = needed.size() - 1] { RC_ASSERT(number == out++); });
            }

            std::size_t due = 0;
            while (due < needed.size() && needed[due] <= durable) {
                ++due;
            }
            RC_ASSERT(out == due);
            RC_ASSERT(gate.held() == needed.size() - due);
        }
    }));
}

}  // namespace
}  // namespace rbees::kernel
