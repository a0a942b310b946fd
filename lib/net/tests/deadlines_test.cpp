#include "deadlines.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace rbees::net {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class Alarm final : public Deadline {
  public:
    explicit Alarm(Deadlines& deadlines) : deadlines_(deadlines) { deadlines_.watch(*this); }
    ~Alarm() { deadlines_.forget(*this); }
    int rings = 0;

  private:
    void on_deadline() override { ++rings; }
    Deadlines& deadlines_;
};

class DeadlinesTest : public ::testing::Test {
  protected:
    IoContext io{1};
    std::shared_ptr<Deadlines> deadlines = std::make_shared<Deadlines>(io);
};

TEST_F(DeadlinesTest, RingsOnceNotBeforeItsTimeAndThenLetsTheLoopEnd) {
    Alarm alarm(*deadlines);
    const auto begin = BootClock::now();
    deadlines->set(alarm, 20ms);

    io.run();

    EXPECT_EQ(alarm.rings, 1);
    EXPECT_GE(BootClock::now() - begin, 20ms);
}

TEST_F(DeadlinesTest, RingsNotWhenClearedOrMovedAway) {
    Alarm cleared(*deadlines);
    Alarm moved(*deadlines);
    Alarm rung(*deadlines);
    deadlines->set(cleared, 1ms);
    deadlines->set(moved, 1ms);
    deadlines->set(rung, 2ms);
    deadlines->clear(cleared);
    deadlines->set(moved, 1h);

    while (rung.rings == 0)
        io.run_one();

    EXPECT_EQ(cleared.rings, 0);
    EXPECT_EQ(moved.rings, 0);
}

TEST_F(DeadlinesTest, ForgetsAnOwnerInTheMiddle) {
    Alarm first(*deadlines);
    auto second = std::make_unique<Alarm>(*deadlines);
    Alarm third(*deadlines);
    deadlines->set(*second, 1ms);
    deadlines->set(third, 1ms);

    second.reset();
    io.run();

    EXPECT_EQ(first.rings, 0);
    EXPECT_EQ(third.rings, 1);
}

TEST_F(DeadlinesTest, TakesABoundThatIsForever) {
    Alarm alarm(*deadlines);
    deadlines->set(alarm, Duration::max());

    EXPECT_EQ(io.poll(), 0U);
    EXPECT_EQ(alarm.rings, 0);
}

}  // namespace
}  // namespace rbees::net
