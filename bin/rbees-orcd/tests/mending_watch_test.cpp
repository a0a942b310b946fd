#include "store/mending_watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace rbees::orcd {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

TEST(MendingWatch, TellsOnceAsSoonAsAProbeSucceeds) {
    std::atomic<int> probes = 0;
    std::atomic<int> calls = 0;
    std::promise<void> mended;
    {
        const MendingWatch watch({.probe = [&]() -> Result<void> {
                                      if (++probes < 3) return fail("not yet");
                                      return {};
                                  },
                                  .mended =
                                      [&] {
                                          ++calls;
                                          mended.set_value();
                                      },
                                  .pause = 1ms});
        ASSERT_EQ(mended.get_future().wait_for(30s), std::future_status::ready);
    }

    EXPECT_EQ(probes, 3);
    EXPECT_EQ(calls, 1);
}

TEST(MendingWatch, EndsAtOnceInAPause) {
    std::atomic<int> calls = 0;
    {
        const MendingWatch watch(
            {.probe = [&]() -> Result<void> { return {}; }, .mended = [&] { ++calls; }, .pause = 24h});
    }

    EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace rbees::orcd
