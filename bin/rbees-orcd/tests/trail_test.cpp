/// Streams of workers that die, and go on at another one.

#include "gateway/trail.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "rbees/reflect/json.hpp"

namespace rbees::orcd {
namespace {

constexpr std::string_view start_event =
    "event: rbees.start\ndata: "
    R"({"prompt_ids":[7,8],"seed":5,"model_hash":"abc","sampling":{},"continuable":true})"
    "\n\n";

std::string ids_event(std::size_t place, const std::string& ids) {
    return fmt::format("event: rbees.ids\ndata: {{\"i\":{},\"ids\":[{}]}}\n\n", place, ids);
}

std::string greeting() {
    return "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n";
}

std::string token_event(std::size_t place) {
    return fmt::format("data: {{\"choices\":[{{\"delta\":{{\"content\":\"t{} \"}},\"finish_reason\":null}}]}}\n\n",
                       place);
}

std::string finish() {
    return "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
}

std::string usage() {
    return "data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n";
}

/// What the client of an undisturbed stream gets.
std::string whole(std::size_t tokens, bool has_usage) {
    auto out = greeting();
    for (std::size_t i = 0; i < tokens; ++i) {
        out += token_event(i);
    }
    return out + finish() + (has_usage ? usage() : "") + "data: [DONE]\n\n";
}

/// What a worker sends that begins behind so many tokens.
std::string sent(std::size_t from, std::size_t tokens, bool has_usage) {
    std::string out(start_event);
    if (from == 0) out += ids_event(0, "") + greeting();
    for (auto i = from; i < tokens; ++i) {
        out += ids_event(i, std::to_string(100 + i)) + token_event(i);
    }
    return out + finish() + (has_usage ? usage() : "") + "data: [DONE]\n\n";
}

contracts::Continue next_order(Trail& trail) {
    return trail.go_on(contracts::ExecutionKind::chat, {{"max_tokens", 50}});
}

TEST(Trail, TakesOutWhatIsNotForTheClient) {
    Trail trail;

    EXPECT_EQ(trail.pass(sent(0, 3, true)), whole(3, true));
    EXPECT_TRUE(trail.is_complete());
    EXPECT_EQ(trail.missing_end(), "");
}

TEST(Trail, SaysWhatAnotherWorkerNeeds) {
    Trail trail;
    std::string stream(start_event);
    stream +=
        ids_event(0, "") + greeting() + ids_event(0, "11,12") + token_event(0) + ids_event(2, "13") + "data: {\"cho";
    static_cast<void>(trail.pass(stream));

    ASSERT_TRUE(trail.can_continue());
    const auto order = next_order(trail);

    EXPECT_THAT(order.from.prompt_ids, testing::ElementsAre(7, 8));
    EXPECT_THAT(order.from.generated_ids, testing::ElementsAre(11, 12)) << "the text of 13 did not come";
    EXPECT_EQ(order.from.max_tokens, 48U);
    EXPECT_EQ(order.from.seed, 5U);
    EXPECT_EQ(order.model_hash, "abc");
}

TEST(Trail, LimitsNothingThatTheRequestDoesNotLimit) {
    Trail trail;
    static_cast<void>(trail.pass(sent(0, 1, false)));

    EXPECT_GT(trail.go_on(contracts::ExecutionKind::chat, {}).from.max_tokens, 1'000'000U);
}

TEST(Trail, TakesBackTokensThatTheNextWorkerMakesAgain) {
    Trail trail;
    static_cast<void>(trail.pass(std::string(start_event) + ids_event(0, "11,12") + token_event(0)));
    static_cast<void>(next_order(trail));
    static_cast<void>(trail.pass(std::string(start_event) + ids_event(1, "22") + token_event(1)));

    EXPECT_THAT(next_order(trail).from.generated_ids, testing::ElementsAre(11, 22));
}

TEST(Trail, CannotContinueTextWhoseIdsItDoesNotKnow) {
    Trail trail;
    static_cast<void>(trail.pass(std::string(start_event) + token_event(0)));

    EXPECT_FALSE(trail.can_continue());
}

TEST(Trail, CannotContinueWhatTheWorkerSaysCannotBe) {
    Trail without_start;
    static_cast<void>(without_start.pass(token_event(0)));
    Trail forbidden;
    static_cast<void>(
        forbidden.pass("event: rbees.start\ndata: "
                       R"({"prompt_ids":[],"seed":5,"model_hash":"a","sampling":{},"continuable":false})"
                       "\n\n"));
    Trail damaged;
    static_cast<void>(damaged.pass(std::string(start_event) + "event: rbees.ids\ndata: {\"i\":9}\n\n"));

    EXPECT_FALSE(without_start.can_continue());
    EXPECT_FALSE(forbidden.can_continue());
    EXPECT_FALSE(damaged.can_continue());
}

TEST(Trail, LetsAHugeEventThroughInPieces) {
    Trail trail;
    const std::string piece(Trail::event_bytes_max / 2 + 1, 'x');

    EXPECT_EQ(trail.pass("data: " + piece), "");
    EXPECT_EQ(trail.pass(piece), "data: " + piece + piece);
    EXPECT_EQ(trail.pass("\n\n"), "\n\n");
    EXPECT_FALSE(trail.can_continue());
}

TEST(Trail, IsNotFooledByTextThatLooksLikeAMember) {
    Trail trail;
    const std::string event = R"(data: {"choices":[{"delta":{"content":"\"finish_reason\":\"stop\""}}]})"
                              "\n\n";
    EXPECT_EQ(trail.pass(std::string(start_event) + ids_event(0, "11") + event), event);

    EXPECT_EQ(trail.pass(ids_event(1, "12") + token_event(1)), token_event(1));
    EXPECT_FALSE(trail.is_complete()) << "the answer goes on";
}

RC_GTEST_PROP(Trail, TheClientGetsTheWholeAnswerWhereverItsWorkersDie, ()) {
    const auto tokens = *rc::gen::inRange<std::size_t>(0, 8);
    const auto has_usage = *rc::gen::arbitrary<bool>();
    const auto deaths = *rc::gen::inRange(0, 4);
    Trail trail;
    std::string given;
    std::size_t from = 0;
    for (int death = 0; death <= deaths && !trail.is_complete(); ++death) {
        const auto stream = sent(from, tokens, has_usage);
        const auto end = death == deaths ? stream.size() : *rc::gen::inRange<std::size_t>(0, stream.size());
        for (std::size_t at = 0; at < end;) {
            const auto size = std::min(*rc::gen::inRange<std::size_t>(1, 200), end - at);
            const auto piece = trail.pass(stream.substr(at, size));
            RC_ASSERT(piece.empty() || piece.ends_with("\n\n"));
            given += piece;
            at += size;
        }
        if (trail.is_complete() || end == stream.size()) break;
        if (given.empty()) {
            trail = {};  // nothing has gone to the client: the request is sent anew
            continue;
        }
        RC_ASSERT(trail.can_continue());
        from = next_order(trail).from.generated_ids.size();
    }
    if (trail.is_complete()) given += trail.missing_end();

    RC_ASSERT(given == whole(tokens, has_usage));
}

}  // namespace
}  // namespace rbees::orcd
