#include "rbees/orchestrator_core/job_relay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;
using contracts::ExecutionEnd;
using contracts::ExecutionStart;
using contracts::ExecutionToken;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Job running(std::uint64_t generated = 0) {
    Job job;
    job.id = JobId("job");
    job.state = contracts::TaskState::running;
    job.attempt = 3;
    job.worker = WorkerId("worker");
    job.frames = generated == 0 ? 1 : 5;
    job.generated = Tokens(generated);
    return job;
}

ExecutionToken text(std::uint64_t i, std::string t) {
    return {.i = i, .ids = {static_cast<std::int32_t>(100 + i)}, .t = std::move(t), .delta = std::nullopt};
}

ExecutionStart continuable() {
    return {.prompt_ids = {1, 2}, .seed = 7, .model_hash = "hash", .sampling = {}, .continuable = true};
}

ExecutionEnd stop() {
    return {.stop_reason = "stop", .usage = {}, .message = std::nullopt};
}

/// The only action, of that type.
template <class Action>
Action only(const RelayActions& actions) {
    EXPECT_THAT(actions, SizeIs(1));
    return actions.empty() ? Action{} : std::get<Action>(actions.front());
}

TEST(JobRelay, AttachesBehindWhatIsStored) {
    EXPECT_EQ(only<AttachNow>(JobRelay(running()).accepted()).after, std::nullopt);
    EXPECT_EQ(only<AttachNow>(JobRelay(running(9)).accepted()).after, 8U);
}

TEST(JobRelay, TellsTheClientOnceThatItStarted) {
    JobRelay relay(running());

    EXPECT_THAT(relay.started(continuable()), IsEmpty()) << "it waits for the first token";
    const auto first = only<StoreNow>(relay.idle());

    ASSERT_THAT(first.frames, SizeIs(1));
    EXPECT_EQ(first.frames[0].event, "started");
    EXPECT_EQ(first.frames[0].data, R"({"job_id":"job","attempt":3,"worker_id":"worker","continuable":true})");
    EXPECT_EQ(first.start->prompt_ids, (contracts::TokenIdList{1, 2}));
    EXPECT_THAT(relay.started(continuable()), IsEmpty()) << "told again after the stream broke";

    JobRelay next_attempt(running(9));
    EXPECT_THAT(next_attempt.started(continuable()), IsEmpty());
    const auto later = only<StoreNow>(next_attempt.idle());
    EXPECT_THAT(later.frames, IsEmpty());
    EXPECT_TRUE(later.start);
}

TEST(JobRelay, StoresTheStartWithTheFirstToken) {
    JobRelay relay(running());
    static_cast<void>(relay.started(continuable()));

    const auto first = only<StoreNow>(relay.token(text(0, "a")));

    ASSERT_THAT(first.frames, SizeIs(2));
    EXPECT_EQ(first.frames[0].event, "started");
    EXPECT_EQ(first.frames[1].event, "token");
    EXPECT_TRUE(first.start);
    EXPECT_THAT(relay.idle(), IsEmpty());
}

TEST(JobRelay, GathersWhatComesWhileACommitIsUnderWayIntoOneFrame) {
    JobRelay relay(running());
    const auto first = only<StoreNow>(relay.token(text(0, "a")));

    EXPECT_THAT(relay.token(text(1, "b")), IsEmpty());
    EXPECT_THAT(relay.token(text(2, "c")), IsEmpty());
    const auto actions = relay.stored();

    EXPECT_EQ(first.frames[0].data, R"({"t":"a","i":0})");
    ASSERT_THAT(actions, SizeIs(2));
    EXPECT_EQ(std::get<AckNow>(actions[0]).through, 0U);
    const auto& second = std::get<StoreNow>(actions[1]);
    ASSERT_THAT(second.frames, SizeIs(1));
    EXPECT_EQ(second.frames[0].data, R"({"t":"bc","i":1,"n":2})");
    EXPECT_THAT(second.ids, ElementsAre(101, 102));
    EXPECT_EQ(second.tokens, Tokens(2));
}

TEST(JobRelay, KeepsReasoningAndToolCallsInFramesOfTheirOwn) {
    JobRelay relay(running());
    static_cast<void>(relay.token(text(0, "a")));
    static_cast<void>(relay.token(text(1, "b")));
    auto thought = text(2, "");
    thought.delta = reflect::json::object{{"reasoning_content", "hm"}};
    static_cast<void>(relay.token(thought));
    static_cast<void>(relay.token(text(3, "c")));

    const auto actions = relay.stored();

    const auto& store = std::get<StoreNow>(actions[1]);
    ASSERT_THAT(store.frames, SizeIs(3));
    EXPECT_EQ(store.frames[1].data, R"({"t":"","i":2,"delta":{"reasoning_content":"hm"}})");
}

TEST(JobRelay, DropsWhatItHasAlreadyAndRefusesAGap) {
    JobRelay relay(running(5));

    EXPECT_THAT(relay.token(text(4, "old")), IsEmpty());
    EXPECT_THAT(only<StoreNow>(relay.token(text(5, "new"))).ids, ElementsAre(105));
    EXPECT_THAT(relay.token(text(9, "far")), IsEmpty()) << "what came before is stored first";

    const auto actions = relay.stored();
    const auto& fail = std::get<FailNow>(actions.back());
    EXPECT_EQ(fail.fault, AttemptFault::engine_error);
    EXPECT_THAT(fail.error.message, HasSubstr("token 9 where 6 was due"));
}

TEST(JobRelay, EndsOnlyWhenEverythingBeforeIsStored) {
    JobRelay relay(running());
    static_cast<void>(relay.token(text(0, "a")));
    static_cast<void>(relay.token(text(1, "b")));

    EXPECT_THAT(relay.ended(stop()), IsEmpty());
    const auto more = relay.stored();
    ASSERT_THAT(more, SizeIs(2));
    EXPECT_TRUE(std::holds_alternative<StoreNow>(more[1]));
    const auto last = relay.stored();

    EXPECT_EQ(std::get<CompleteNow>(last.back()).end.stop_reason, "stop");
    EXPECT_THAT(relay.token(text(2, "late")), IsEmpty());
    EXPECT_THAT(relay.failed(AttemptFault::worker_lost, {}), IsEmpty()) << "there is one end";
    EXPECT_THAT(relay.disconnected(), IsEmpty());
}

TEST(JobRelay, ADeadWorkersLastTokensAreStoredBeforeTheAttemptFails) {
    JobRelay relay(running());
    static_cast<void>(relay.token(text(0, "a")));
    static_cast<void>(relay.token(text(1, "b")));

    EXPECT_THAT(relay.failed(AttemptFault::worker_lost, {ErrorCode::WORKER_UNAVAILABLE, "it died", true}), IsEmpty());
    static_cast<void>(relay.stored());
    const auto last = relay.stored();

    EXPECT_EQ(std::get<FailNow>(last.back()).fault, AttemptFault::worker_lost);
}

TEST(JobRelay, AttachesAgainBehindTheLastTokenThatCameWhenTheStreamBreaks) {
    JobRelay relay(running());
    static_cast<void>(relay.token(text(0, "a")));
    static_cast<void>(relay.token(text(1, "b")));

    EXPECT_EQ(only<AttachNow>(relay.disconnected()).after, 1U);
}

TEST(JobRelay, AcknowledgesNothingThatIsNotOnDisk) {
    JobRelay relay(running());
    static_cast<void>(relay.token(text(0, "a")));

    EXPECT_EQ(relay.renewal().through, std::nullopt) << "the lease runs on, nothing is acknowledged";
    EXPECT_EQ(std::get<AckNow>(relay.stored().front()).through, 0U);
}

TEST(JobRelay, StopsReadingWhileTooMuchWaitsForTheDisk) {
    JobRelay relay(running());
    static_cast<void>(relay.token(text(0, "a")));
    static_cast<void>(relay.token(text(1, std::string(JobRelay::pending_bytes_max, 'x'))));

    EXPECT_FALSE(relay.may_read());
    static_cast<void>(relay.stored());
    EXPECT_TRUE(relay.may_read());
}

TEST(JobRelay, CountsWhatIsNoTextToo) {
    JobRelay relay(running());
    static_cast<void>(relay.token(text(0, "a")));
    auto call = text(1, "");
    call.delta = reflect::json::object{{"arguments", std::string(JobRelay::pending_bytes_max, 'x')}};
    static_cast<void>(relay.token(std::move(call)));

    EXPECT_FALSE(relay.may_read());
}

/// A worker that keeps everything, behind a connection that breaks, and a disk that is slow or full.
class Journey {
  public:
    explicit Journey(std::uint64_t tokens) : tokens_(tokens), relay_(running()) { obey(relay_.accepted()); }

    void step() {
        switch (*rc::gen::inRange(0, 5)) {
            case 0:
            case 1:
                return deliver();
            case 2:
                sent_ = no_stream;
                return obey(relay_.disconnected());
            case 3:
                return on_disk();
            default:
                return;  // the disk takes its time
        }
    }

    /// No more trouble.
    void finish() {
        for (int left = 0; left < 1'000 && !is_over; ++left) {
            on_disk();
            deliver();
        }
    }

    std::string stored;
    bool is_over = false;

  private:
    static constexpr auto no_stream = ~std::uint64_t{0};

    void deliver() {
        if (sent_ == no_stream || is_over) return;
        if (sent_ == tokens_) return obey(relay_.ended(stop()));
        const auto i = sent_++;
        obey(relay_.token(text(i, std::to_string(i) + " ")));
    }

    void on_disk() {
        if (!waiting_) return;
        for (const auto& frame : waiting_->frames) {
            stored += frame.data;
        }
        stored_tokens_ += waiting_->tokens.value;
        waiting_.reset();
        obey(relay_.stored());
    }

    void obey(const RelayActions& actions) {
        for (const auto& action : actions) {
            RC_ASSERT(!is_over);
            if (const auto* store = std::get_if<StoreNow>(&action)) waiting_ = *store;
            if (const auto* attach = std::get_if<AttachNow>(&action)) sent_ = attach->after ? *attach->after + 1 : 0;
            if (const auto* ack = std::get_if<AckNow>(&action)) RC_ASSERT(ack->through.value_or(0) < stored_tokens_);
            if (std::holds_alternative<CompleteNow>(action)) {
                RC_ASSERT(stored_tokens_ == tokens_);
                is_over = true;
            }
            RC_ASSERT(!std::holds_alternative<FailNow>(action));
        }
    }

    std::uint64_t tokens_;
    JobRelay relay_;
    std::uint64_t sent_ = no_stream;
    std::uint64_t stored_tokens_ = 0;
    std::optional<StoreNow> waiting_;
};

RC_GTEST_PROP(JobRelayProperty, StoresEveryTokenOnceInOrderAndEndsOnceWhateverBreaks, ()) {
    const auto tokens = *rc::gen::inRange<std::uint64_t>(1, 30);
    const auto steps = *rc::gen::inRange<std::size_t>(0, 120);
    Journey journey(tokens);

    for (std::size_t step = 0; step < steps; ++step) {
        journey.step();
    }
    if (!journey.is_over) journey.finish();

    RC_ASSERT(journey.is_over);
    std::string expected;
    std::string found;
    for (std::uint64_t i = 0; i < tokens; ++i) {
        expected += std::to_string(i) + " ";
    }
    for (std::size_t at = journey.stored.find(R"("t":")"); at != std::string::npos;
         at = journey.stored.find(R"("t":")", at + 1)) {
        const auto begin = at + 5;
        found += journey.stored.substr(begin, journey.stored.find('"', begin) - begin);
    }
    RC_ASSERT(found == expected);
}

}  // namespace
}  // namespace rbees::orchestrator
