#include "rbees/orchestrator_core/wait_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>

namespace rbees::orchestrator {
namespace {

using std::chrono_literals::operator""s;

const ModelId small("small");
const ModelId large("large");
constexpr Instant now{};

Wait make_wait(std::uint64_t id, const ModelId& model = small, Duration deadline = 60s) {
    return {.id = WaitId{id}, .model = model, .deadline = Instant{} + deadline, .owner = {}, .session = {}};
}

Wait owned_by(std::uint64_t id, std::string owner, std::string session = {}) {
    auto wait = make_wait(id);
    wait.owner = std::move(owner);
    wait.session = std::move(session);
    return wait;
}

Wait batch(std::uint64_t id, Instant joined = {}) {
    auto wait = make_wait(id);
    wait.priority = contracts::Priority::batch;
    wait.joined = joined;
    return wait;
}

/// Everybody who waits for the small model, as they are served.
std::vector<std::uint64_t> served_by(WaitQueue& queue, Instant at = now) {
    std::vector<std::uint64_t> ids;
    while (auto wait = queue.next(small, at)) {
        ids.push_back(static_cast<std::uint64_t>(wait->id));
    }
    return ids;
}

std::vector<WaitId> ids_of(const std::vector<Wait>& waits) {
    std::vector<WaitId> ids;
    std::ranges::transform(waits, std::back_inserter(ids), &Wait::id);
    return ids;
}

TEST(WaitQueue, ServesEachModelInTheOrderOfArrival) {
    WaitQueue queue(10);
    EXPECT_EQ(queue.join(make_wait(1)), 0U);
    EXPECT_EQ(queue.join(make_wait(2, large)), 0U);
    EXPECT_EQ(queue.join(make_wait(3)), 1U);

    EXPECT_EQ(queue.next(small, now)->id, WaitId{1});
    EXPECT_EQ(queue.next(small, now)->id, WaitId{3});
    EXPECT_FALSE(queue.next(small, now));
    EXPECT_EQ(queue.next(large, now)->id, WaitId{2});
    EXPECT_EQ(queue.size(), 0U);
}

TEST(WaitQueue, RefusesOneMoreThanItsCapacityWhateverTheModel) {
    WaitQueue queue(2);
    ASSERT_TRUE(queue.join(make_wait(1)));
    ASSERT_TRUE(queue.join(make_wait(2, large)));

    EXPECT_EQ(queue.join(make_wait(3)).error(), WaitError::full);

    queue.leave(WaitId{2});
    EXPECT_TRUE(queue.join(make_wait(3)));
}

TEST(WaitQueue, TakesNobodyWithoutCapacity) {
    WaitQueue queue(0);

    EXPECT_EQ(queue.join(make_wait(1)).error(), WaitError::full);
    EXPECT_TRUE(queue.models().empty());
}

TEST(WaitQueue, OneThatIsPutBackIsServedFirst) {
    WaitQueue queue(10);
    ASSERT_TRUE(queue.join(make_wait(1)));
    ASSERT_TRUE(queue.join(make_wait(2)));

    queue.put_back(*queue.next(small, now));

    EXPECT_EQ(queue.next(small, now)->id, WaitId{1});
}

TEST(WaitQueue, OneThatIsPutBackIsNotRefusedThoughAnotherTookItsPlace) {
    WaitQueue queue(1);
    ASSERT_TRUE(queue.join(make_wait(1)));
    auto taken = queue.next(small, now);
    ASSERT_TRUE(queue.join(make_wait(2)));

    queue.put_back(std::move(*taken));

    EXPECT_EQ(ids_of(queue.take_all(small)), (std::vector{WaitId{1}, WaitId{2}}));
}

TEST(WaitQueue, RequestThatLeftIsNotServed) {
    WaitQueue queue(10);
    ASSERT_TRUE(queue.join(make_wait(1)));
    ASSERT_TRUE(queue.join(make_wait(2)));

    queue.leave(WaitId{1});
    queue.leave(WaitId{7});

    EXPECT_EQ(queue.size(), 1U);
    EXPECT_EQ(queue.next(small, now)->id, WaitId{2});
}

TEST(WaitQueue, ExpiresWhatHasReachedItsDeadline) {
    WaitQueue queue(10);
    ASSERT_TRUE(queue.join(make_wait(1, small, 5s)));
    ASSERT_TRUE(queue.join(make_wait(2, small, 9s)));
    ASSERT_TRUE(queue.join(make_wait(3, large, 3s)));

    EXPECT_EQ(queue.next_deadline(), Instant{} + 3s);
    EXPECT_EQ(ids_of(queue.expired(Instant{} + 5s)), (std::vector{WaitId{3}, WaitId{1}}));
    EXPECT_EQ(queue.models(), std::vector{small});
    EXPECT_EQ(queue.next_deadline(), Instant{} + 9s);
}

TEST(WaitQueue, GivesUpAllOfAModelInOrderAndNoOther) {
    WaitQueue queue(10);
    ASSERT_TRUE(queue.join(make_wait(1)));
    ASSERT_TRUE(queue.join(make_wait(2, large)));
    ASSERT_TRUE(queue.join(make_wait(3)));

    EXPECT_EQ(ids_of(queue.take_all(small)), (std::vector{WaitId{1}, WaitId{3}}));
    EXPECT_TRUE(queue.take_all(small).empty());
    EXPECT_EQ(queue.models(), std::vector{large});
    EXPECT_EQ(queue.size(), 1U);
}

TEST(WaitQueue, ServesInteractiveBeforeBatch) {
    WaitQueue queue(10);
    EXPECT_EQ(queue.join(batch(1)), 0U);
    EXPECT_EQ(queue.join(make_wait(2)), 0U);
    EXPECT_EQ(queue.join(batch(3)), 2U);
    EXPECT_EQ(queue.join(make_wait(4)), 1U);

    EXPECT_EQ(served_by(queue), (std::vector<std::uint64_t>{2, 4, 1, 3}));
}

TEST(WaitQueue, CountsABatchOneAsInteractiveOnceItHasWaitedLong) {
    WaitQueue queue(10, 300s);
    ASSERT_TRUE(queue.join(batch(1, now)));
    ASSERT_TRUE(queue.join(batch(2, now + 1s)));
    ASSERT_TRUE(queue.join(make_wait(3)));

    EXPECT_EQ(queue.next(small, now + 299s)->id, WaitId{3});
    ASSERT_TRUE(queue.join(make_wait(4)));
    EXPECT_EQ(queue.next(small, now + 299s)->id, WaitId{4});
    EXPECT_EQ(queue.oldest_batch(), WaitId{1});
    ASSERT_TRUE(queue.join(make_wait(5)));
    EXPECT_EQ(queue.next(small, now + 300s)->id, WaitId{5}) << "promoted behind those who wait already";
    EXPECT_EQ(queue.oldest_batch(), WaitId{2});
    ASSERT_TRUE(queue.join(make_wait(6)));
    EXPECT_EQ(served_by(queue, now + 300s), (std::vector<std::uint64_t>{1, 6, 2}));
}

TEST(WaitQueue, LetsOwnersTakeTurnsHoweverManyOneOfThemSends) {
    WaitQueue queue(10);
    for (std::uint64_t id = 1; id <= 4; ++id) {
        ASSERT_TRUE(queue.join(owned_by(id, "greedy")));
    }
    ASSERT_TRUE(queue.join(owned_by(5, "modest")));
    ASSERT_TRUE(queue.join(owned_by(6, "modest")));

    EXPECT_EQ(served_by(queue), (std::vector<std::uint64_t>{1, 5, 2, 6, 3, 4}));
}

TEST(WaitQueue, LetsTheSessionsOfAnOwnerTakeTurns) {
    WaitQueue queue(10);
    ASSERT_TRUE(queue.join(owned_by(1, "one", "a")));
    ASSERT_TRUE(queue.join(owned_by(2, "one", "a")));
    ASSERT_TRUE(queue.join(owned_by(3, "one", "b")));
    ASSERT_TRUE(queue.join(owned_by(4, "other")));

    EXPECT_EQ(served_by(queue), (std::vector<std::uint64_t>{1, 4, 3, 2}));
}

TEST(WaitQueue, OneThatLeavesTakesNoTurnFromItsOwner) {
    WaitQueue queue(10);
    ASSERT_TRUE(queue.join(owned_by(1, "one")));
    ASSERT_TRUE(queue.join(owned_by(2, "other")));
    ASSERT_TRUE(queue.join(owned_by(3, "one")));

    queue.leave(WaitId{1});

    EXPECT_EQ(served_by(queue), (std::vector<std::uint64_t>{3, 2}));
    EXPECT_TRUE(queue.models().empty());
}

TEST(WaitQueue, KnowsWhichBatchOneHasWaitedLongest) {
    WaitQueue queue(10);
    EXPECT_FALSE(queue.oldest_batch());
    ASSERT_TRUE(queue.join(make_wait(1)));
    ASSERT_TRUE(queue.join(batch(2)));
    ASSERT_TRUE(queue.join(batch(3)));

    EXPECT_EQ(queue.oldest_batch(), WaitId{2});
    queue.leave(WaitId{2});
    EXPECT_EQ(queue.oldest_batch(), WaitId{3});
}

TEST(WaitQueue, HasNoDeadlineWhereNobodyHasOne) {
    WaitQueue queue(10);
    auto patient = make_wait(1);
    patient.deadline = Instant::max();
    ASSERT_TRUE(queue.join(patient));

    EXPECT_FALSE(queue.next_deadline());
}

/// The queue as one list in the order of arrival, for comparison.
class Model {
  public:
    explicit Model(std::size_t capacity) : capacity_(capacity) {}

    std::expected<std::size_t, WaitError> join(const Wait& wait) {
        if (waits_.size() >= capacity_) return std::unexpected(WaitError::full);
        waits_.push_back(wait);
        return static_cast<std::size_t>(std::ranges::count(waits_, wait.model, &Wait::model)) - 1;
    }

    template <class Predicate>
    std::vector<WaitId> take_if(Predicate predicate) {
        std::vector<Wait> taken;
        std::ranges::copy_if(waits_, std::back_inserter(taken), predicate);
        std::erase_if(waits_, predicate);
        return ids_of(taken);
    }

    std::optional<WaitId> next(const ModelId& model) {
        const auto found = std::ranges::find(waits_, model, &Wait::model);
        if (found == waits_.end()) return std::nullopt;
        const auto id = found->id;
        waits_.erase(found);
        return id;
    }

    [[nodiscard]] const std::vector<Wait>& waits() const { return waits_; }

  private:
    std::size_t capacity_;
    std::vector<Wait> waits_;
};

void check_same_picture(const WaitQueue& queue, const Model& model) {
    std::set<ModelId> models;
    std::optional<Instant> deadline;
    for (const auto& wait : model.waits()) {
        models.insert(wait.model);
        deadline = deadline ? std::min(*deadline, wait.deadline) : wait.deadline;
    }
    RC_ASSERT(queue.size() == model.waits().size());
    RC_ASSERT((queue.next_deadline() == deadline));
    RC_ASSERT((queue.models() == std::vector(models.begin(), models.end())));
}

void take_next(WaitQueue& queue, Model& model, const ModelId& name) {
    const auto taken = queue.next(name, now);
    const auto expected = model.next(name);
    RC_ASSERT(taken.has_value() == expected.has_value());
    if (taken) RC_ASSERT((taken->id == *expected));
}

void take_many(WaitQueue& queue, Model& model, const ModelId& name, Instant moment) {
    const bool by_deadline = *rc::gen::arbitrary<bool>();
    auto taken = ids_of(by_deadline ? queue.expired(moment) : queue.take_all(name));
    auto expected =
        model.take_if([&](const Wait& wait) { return by_deadline ? wait.deadline <= moment : wait.model == name; });
    if (by_deadline) {
        std::ranges::sort(taken);
        std::ranges::sort(expected);
    }
    RC_ASSERT((taken == expected));
}

RC_GTEST_PROP(WaitQueueProperty, BehavesLikeAListAndKeepsToItsCapacity, ()) {
    const auto capacity = *rc::gen::inRange<std::size_t>(0, 6);
    const auto steps = *rc::gen::inRange<std::uint64_t>(0, 60);
    WaitQueue queue(capacity);
    Model model(capacity);

    for (std::uint64_t step = 0; step < steps; ++step) {
        const auto name = *rc::gen::element(small, large, ModelId("third"));
        const auto moment = std::chrono::seconds(*rc::gen::inRange(0, 20));
        switch (*rc::gen::weightedElement<int>({{4, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}})) {
            case 0: {
                const auto wait = make_wait(step, name, moment);
                RC_ASSERT((queue.join(wait) == model.join(wait)));
                break;
            }
            case 1:
                take_next(queue, model, name);
                break;
            case 2:
                if (auto taken = queue.next(name, now)) queue.put_back(std::move(*taken));
                break;
            case 3: {
                const WaitId id{*rc::gen::inRange<std::uint64_t>(0, step + 1)};
                queue.leave(id);
                model.take_if([&](const Wait& wait) { return wait.id == id; });
                break;
            }
            default:
                take_many(queue, model, name, Instant{} + moment);
        }
        RC_ASSERT(queue.size() <= capacity);
        check_same_picture(queue, model);
    }
}

RC_GTEST_PROP(WaitQueueProperty, ServesEveryOwnerOnceInARoundHoweverTheyCome, ()) {
    const auto owners = *rc::gen::inRange<std::size_t>(1, 5);
    WaitQueue queue(200);
    std::map<std::string, std::size_t> waiting;
    std::map<std::string, std::size_t> passed_over;
    const auto steps = *rc::gen::inRange<std::uint64_t>(1, 100);

    for (std::uint64_t step = 0; step < steps; ++step) {
        if (*rc::gen::weightedElement<bool>({{2, true}, {1, false}})) {
            const auto owner = std::to_string(*rc::gen::inRange<std::size_t>(0, owners));
            const auto session = std::to_string(*rc::gen::inRange(0, 3));
            RC_ASSERT(queue.join(owned_by(step, owner, session)).has_value());
            ++waiting[owner];
            continue;
        }
        const auto served = queue.next(small, now);
        if (!served) continue;
        --waiting[served->owner];
        passed_over[served->owner] = 0;
        for (const auto& [owner, count] : waiting) {
            if (owner == served->owner || count == 0) continue;
            RC_ASSERT(++passed_over[owner] < owners);
        }
    }
}

}  // namespace
}  // namespace rbees::orchestrator
