#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "rbees/orchestrator_core/fleet_view.hpp"

namespace rbees::orchestrator {
namespace {

const ModelId model("smollm2");

RoutableWorker make_worker(const std::string& id, std::uint32_t slots, const ModelId& of = model) {
    RoutableWorker worker;
    worker.id = WorkerId(id);
    worker.model = of;
    worker.url = "http://127.0.0.1:8001/" + id;
    worker.slots = std::make_shared<SlotCounter>(slots, Epoch{7});
    return worker;
}

FleetView make_view(std::vector<RoutableWorker> workers) {
    FleetView view;
    view.workers = std::move(workers);
    return view;
}

std::optional<Ticket> take(const FleetView& view, const std::set<WorkerId>& avoid = {}) {
    return take_slot(view, model, avoid, Claim::newcomer, {});
}

TEST(SlotCounter, GivesAsManyTicketsAsThereAreSlots) {
    SlotCounter slots(2, Epoch{7});

    EXPECT_EQ(slots.take(Claim::newcomer), Epoch{7});
    EXPECT_EQ(slots.take(Claim::newcomer), Epoch{7});
    EXPECT_FALSE(slots.take(Claim::newcomer));
    EXPECT_EQ(slots.free(), 0U);
    EXPECT_EQ(slots.used(), 2U);
}

TEST(SlotCounter, GivesAReturnedSlotAgain) {
    SlotCounter slots(1, Epoch{0});
    ASSERT_TRUE(slots.take(Claim::newcomer));

    EXPECT_FALSE(slots.release());

    EXPECT_EQ(slots.free(), 1U);
    EXPECT_TRUE(slots.take(Claim::newcomer));
}

TEST(SlotCounter, SaysAtReleaseWhetherSomebodyWaits) {
    SlotCounter slots(2, Epoch{0});
    ASSERT_TRUE(slots.take(Claim::newcomer));
    ASSERT_TRUE(slots.take(Claim::newcomer));

    slots.set_waiting(true);
    EXPECT_TRUE(slots.release());

    slots.set_waiting(false);
    EXPECT_FALSE(slots.release());
}

TEST(SlotCounter, LetsNoNewcomerOvertakeSomebodyWhoWaits) {
    SlotCounter slots(2, Epoch{7});
    ASSERT_TRUE(slots.take(Claim::newcomer));

    slots.set_waiting(true);

    EXPECT_FALSE(slots.take(Claim::newcomer));
    EXPECT_TRUE(slots.take(Claim::from_queue));
    slots.set_waiting(false);
    EXPECT_FALSE(slots.take(Claim::newcomer)) << "both slots are in use";
}

TEST(SlotCounter, RetiredOneGivesNoTicketAndHasAHigherEpoch) {
    SlotCounter slots(2, Epoch{7});
    ASSERT_EQ(slots.take(Claim::newcomer), Epoch{7});

    slots.retire();
    slots.retire();

    EXPECT_FALSE(slots.take(Claim::newcomer));
    EXPECT_EQ(slots.free(), 0U);
    EXPECT_EQ(slots.epoch(), Epoch{8});
}

TEST(SlotCounter, RetiredOneStillTakesItsSlotsBack) {
    SlotCounter slots(2, Epoch{7});
    ASSERT_TRUE(slots.take(Claim::newcomer));
    slots.retire();

    EXPECT_FALSE(slots.release());

    EXPECT_EQ(slots.used(), 0U);
    EXPECT_EQ(slots.epoch(), Epoch{8});
}

TEST(TakeSlot, PrefersTheWorkerWithMostFreeSlots) {
    const auto view = make_view({make_worker("w1", 2), make_worker("w2", 4), make_worker("w3", 3)});

    const auto first = take(view);
    const auto second = take(view, {WorkerId("w3")});

    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->worker().id, WorkerId("w2"));
    EXPECT_EQ(first->epoch(), Epoch{7});
    EXPECT_EQ(second->worker().id, WorkerId("w2"));
}

TEST(TakeSlot, AvoidsTheWorkersThatFailedBefore) {
    const auto view = make_view({make_worker("w1", 1), make_worker("w2", 4)});

    const auto ticket = take(view, {WorkerId("w2")});

    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->worker().id, WorkerId("w1"));
    EXPECT_FALSE(take(view, {WorkerId("w1"), WorkerId("w2")}));
}

TEST(TakeSlot, TakesOnlyWorkersOfTheModel) {
    const auto view = make_view({make_worker("w1", 4, ModelId("other"))});

    EXPECT_FALSE(take(view));
}

TEST(TakeSlot, PassesOverRetiredWorkers) {
    const auto view = make_view({make_worker("w1", 4), make_worker("w2", 1)});
    view.workers.front().slots->retire();

    const auto ticket = take(view);

    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->worker().id, WorkerId("w2"));
}

TEST(Ticket, GivesItsSlotBackOnceWhenItEnds) {
    const auto view = make_view({make_worker("w1", 2)});
    const auto& slots = *view.workers.front().slots;
    {
        auto ticket = take(view);
        auto moved = std::move(*ticket);
        EXPECT_EQ(slots.used(), 1U);
    }

    EXPECT_EQ(slots.used(), 0U);
}

TEST(Ticket, GivesTheOldSlotBackWhenAnotherTicketIsAssigned) {
    const auto view = make_view({make_worker("w1", 1), make_worker("w2", 1)});
    auto ticket = take(view, {WorkerId("w2")});
    ASSERT_TRUE(ticket);

    *ticket = *take(view, {WorkerId("w1")});

    EXPECT_EQ(ticket->worker().id, WorkerId("w2"));
    EXPECT_EQ(view.workers[0].slots->used(), 0U);
    EXPECT_EQ(view.workers[1].slots->used(), 1U);
}

TEST(Ticket, TellsThatASlotIsFreeOnlyIfSomebodyWaits) {
    const auto view = make_view({make_worker("w1", 2)});
    auto& slots = *view.workers.front().slots;
    int told = 0;
    auto first = take_slot(view, model, {}, Claim::newcomer, [&] { ++told; });
    auto second = take_slot(view, model, {}, Claim::newcomer, [&] { ++told; });

    first.reset();
    EXPECT_EQ(told, 0);

    slots.set_waiting(true);
    second.reset();
    EXPECT_EQ(told, 1);
}

TEST(Ticket, KeepsItsCounterAliveBeyondTheView) {
    std::optional<Ticket> ticket;
    {
        const auto view = make_view({make_worker("w1", 1)});
        ticket = take(view);
    }

    ASSERT_TRUE(ticket);
    EXPECT_EQ(ticket->worker().slots->used(), 1U);
}

TEST(FleetView, FindsAModelByItsId) {
    FleetView view;
    view.models = {{.id = ModelId("a")}, {.id = model}};

    ASSERT_NE(view.find_model("smollm2"), nullptr);
    EXPECT_EQ(view.find_model("smollm2")->id, model);
    EXPECT_EQ(view.find_model("absent"), nullptr);
}

RC_GTEST_PROP(TakeSlotProperty, TakesTheFreestAllowedWorkerOrNothing, ()) {
    std::vector<RoutableWorker> workers;
    std::set<WorkerId> avoid;
    std::uint32_t most = 0;
    const auto count = *rc::gen::inRange(0, 6);
    for (int index = 0; index < count; ++index) {
        workers.push_back(make_worker(std::to_string(index), *rc::gen::inRange(0U, 4U)));
        if (*rc::gen::weightedElement<bool>({{1, true}, {3, false}})) avoid.insert(workers.back().id);
        if (*rc::gen::weightedElement<bool>({{1, true}, {3, false}})) workers.back().slots->retire();
        if (!avoid.contains(workers.back().id)) most = std::max(most, workers.back().slots->free());
    }

    const auto ticket = take_slot(make_view(workers), model, avoid, Claim::newcomer, {});

    RC_ASSERT(ticket.has_value() == (most > 0));
    if (!ticket) return;
    RC_ASSERT(!avoid.contains(ticket->worker().id));
    RC_ASSERT(ticket->worker().slots->free() == most - 1);
}

// Threads: what the counters promise when several I/O threads and the control thread meet.

constexpr int threads = 4;
constexpr int rounds = 3000;

TEST(SlotThreads, NeverHoldMoreTicketsThanSlots) {
    constexpr std::uint32_t capacity = 3;
    const auto view = make_view({make_worker("w1", capacity), make_worker("w2", capacity)});
    std::array<std::atomic<std::uint32_t>, 2> held{};
    std::atomic<int> too_many{0};
    std::atomic<int> taken{0};
    const auto hold_one = [&] {
        const auto ticket = take(view);
        if (!ticket) return;
        auto& count = held[ticket->worker().id == WorkerId("w1") ? 0 : 1];
        if (count.fetch_add(1) + 1 > capacity) ++too_many;
        ++taken;
        std::this_thread::yield();
        count.fetch_sub(1);
    };

    {
        std::vector<std::jthread> pool;
        for (int thread = 0; thread < threads * 2; ++thread) {
            pool.emplace_back([&] {
                for (int round = 0; round < rounds; ++round) {
                    hold_one();
                }
            });
        }
    }

    EXPECT_EQ(too_many, 0);
    EXPECT_GT(taken, 0);
    EXPECT_EQ(view.workers[0].slots->used(), 0U);
    EXPECT_EQ(view.workers[1].slots->used(), 0U);
}

/// Where two threads meet, to go on at the same moment. It spins, because one that sleeps wakes up late.
class Rendezvous {
  public:
    void meet() {
        const auto round = arrived_.fetch_add(1) / 2;
        while (arrived_.load() < (round + 1) * 2) {
            std::this_thread::yield();
        }
    }

  private:
    std::atomic<int> arrived_{0};
};

TEST(SlotThreads, NeverLoseTheWakeUpOfOneThatWaits) {
    constexpr int meetings = 40'000;  // a slot is rarely freed just between the two steps of one that waits
    SlotCounter slots(1, Epoch{7});
    Rendezvous before;
    Rendezvous after;
    bool is_told = false;
    std::jthread io([&] {
        for (int round = 0; round < meetings; ++round) {
            before.meet();
            is_told = slots.release();
            after.meet();
        }
    });
    int lost = 0;

    for (int round = 0; round < meetings; ++round) {
        slots.set_waiting(false);
        lost += slots.take(Claim::newcomer) ? 0 : 1;
        before.meet();
        slots.set_waiting(true);
        const bool is_served = slots.take(Claim::from_queue).has_value();
        after.meet();
        if (is_served) static_cast<void>(slots.release());
        if (!is_served && !is_told) ++lost;
    }
    io.join();

    EXPECT_EQ(lost, 0);
}

TEST(SlotThreads, GiveNoTicketOfANewEpochAfterRetirement) {
    for (int round = 0; round < rounds / 30; ++round) {
        SlotCounter slots(1'000'000, Epoch{7});
        std::atomic<bool> is_retired{false};
        std::atomic<int> wrong{0};
        {
            std::vector<std::jthread> pool;
            for (int thread = 0; thread < threads; ++thread) {
                pool.emplace_back([&] {
                    bool was_retired = is_retired;
                    for (auto epoch = slots.take(Claim::newcomer); epoch; epoch = slots.take(Claim::newcomer)) {
                        if (was_retired || *epoch != Epoch{7}) ++wrong;
                        was_retired = is_retired;
                    }
                });
            }
            slots.retire();
            is_retired = true;
        }

        ASSERT_EQ(wrong, 0);
        ASSERT_EQ(slots.epoch(), Epoch{8});
    }
}

}  // namespace
}  // namespace rbees::orchestrator
