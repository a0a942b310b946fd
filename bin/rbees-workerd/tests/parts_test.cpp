/// The small pure parts: epochs, the tail of a stream, steps of progress, refusals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "epoch_gate.hpp"
#include "progress_steps.hpp"
#include "refusals.hpp"
#include "stream_tail.hpp"

namespace rbees::workerd {
namespace {

using std::chrono_literals::operator""ms;
using testing::HasSubstr;

TEST(EpochGate, RefusesWhatIsOlderThanTheNewestSeen) {
    EpochGate gate;

    EXPECT_TRUE(gate.pass(0));
    EXPECT_TRUE(gate.pass(5));
    EXPECT_TRUE(gate.pass(5));

    EXPECT_EQ(gate.pass(4).error(), 5U);
}

TEST(StreamTail, KnowsAWholeStreamHoweverItIsCut) {
    const std::string_view stream = "data: {}\n\ndata: [DONE]\n\n";
    for (std::size_t size = 1; size <= stream.size(); ++size) {
        StreamTail tail;

        for (std::size_t at = 0; at < stream.size(); at += size) {
            tail.note(stream.substr(at, size));
        }

        EXPECT_TRUE(tail.is_whole()) << "in pieces of " << size;
    }
}

TEST(StreamTail, SeesThatTheEndIsMissing) {
    StreamTail tail;
    EXPECT_FALSE(tail.is_whole());

    tail.note("data: [DONE]\n\ndata: {\"error\": {}}\n\n");

    EXPECT_FALSE(tail.is_whole());
}

TEST(ProgressSteps, ReportsTheStartAndEachQuarterButNotTooOften) {
    ProgressSteps steps;
    Instant now{};

    EXPECT_TRUE(steps.is_due(0, now));
    EXPECT_FALSE(steps.is_due(0.30, now + 199ms));
    EXPECT_TRUE(steps.is_due(0.30, now + 200ms));
    EXPECT_FALSE(steps.is_due(0.31, now + 1000ms));
    EXPECT_TRUE(steps.is_due(0.36, now + 1000ms));
    EXPECT_TRUE(steps.is_due(0.50, now + 1200ms));
    EXPECT_FALSE(steps.is_due(0.75, now + 1300ms));
    EXPECT_TRUE(steps.is_due(1.0, now + 1400ms));
}

TEST(Refusals, WrongKindSaysWhatTheModelCanDo) {
    const engine::Capabilities embedder{.model = "minilm", .kind = engine::Kind::embedding};

    const auto problem = wrong_kind(embedder, engine::Operation::chat);

    EXPECT_EQ(problem.code, contracts::ErrorCode::MODEL_INCOMPATIBLE);
    EXPECT_THAT(problem.detail, HasSubstr("minilm is an embedding model and cannot chat"));
    EXPECT_THAT(problem.detail, HasSubstr("POST /v1/embeddings"));
    EXPECT_THAT(problem.detail, testing::Not(HasSubstr("/v1/chat/completions")));
}

TEST(Refusals, EveryKindHasItsOperationsAndTokenizes) {
    using engine::Kind;
    using engine::Operation;

    EXPECT_TRUE(can_do(Kind::chat, Operation::chat) && can_do(Kind::chat, Operation::completion));
    EXPECT_FALSE(can_do(Kind::chat, Operation::embedding) || can_do(Kind::chat, Operation::rerank));
    EXPECT_TRUE(can_do(Kind::embedding, Operation::embedding) && can_do(Kind::rerank, Operation::rerank));
    EXPECT_FALSE(can_do(Kind::embedding, Operation::apply_template));
    for (const auto kind : {Kind::chat, Kind::embedding, Kind::rerank}) {
        EXPECT_TRUE(can_do(kind, Operation::tokenize) && can_do(kind, Operation::detokenize));
    }
}

TEST(Refusals, LoadingSaysHowFarItIs) {
    const auto problem = still_loading(ModelId("tiny"), 0.42);

    EXPECT_EQ(problem.status(), 503);
    EXPECT_THAT(problem.detail, HasSubstr("42 %"));
    EXPECT_TRUE(problem.retry_after_ms);
}

}  // namespace
}  // namespace rbees::workerd
