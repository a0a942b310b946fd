#pragma once
/// @file
/// What every chat engine does with an answer that broke off elsewhere: it goes on at any seam, and nobody can tell.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance_fixture.hpp"
#include "stream_reading.hpp"

namespace rbees::engine::testing {

/// Lets every answer break off behind each of its frames, and another one go on from there.
class ContinuationConformance : public ChatConformance {
  protected:
    /// `request` without its last brace.
    static Call call_of(Operation operation, const std::string& request, std::uint64_t most) {
        const auto limit = R"(,"stream":true,"stream_options":{"include_usage":true},"max_tokens":)";
        return {.operation = operation,
                .body = request + limit + std::to_string(most) + "}",
                .ids = TokenIds::included,
                .task = "t-1"};
    }

    Continuation seam(const Received& whole, std::size_t ids, std::uint64_t most) const {
        return {.prompt = boost::json::value_to<TokenIdList>(whole.start.at("prompt_ids")),
                .generated = {whole.ids.begin(), whole.ids.begin() + static_cast<std::ptrdiff_t>(ids)},
                .seed = whole.start.at("seed").to_number<std::uint32_t>(),
                .left = Tokens(most - ids),
                .sampling = boost::json::serialize(whole.start.at("sampling")),
                .model_hash = std::string(whole.start.at("model_hash").as_string())};
    }

    /// Of seams behind so many ids each, the places of those that are tried. The telling ones are the first two and the
    /// last two; those around each jump, where ids come at once that were held back because a call might have begun
    /// with them; and the one in the middle of each stretch between these.
    [[nodiscard]] static std::set<std::size_t> tried(const std::vector<std::size_t>& ids) {
        std::set<std::size_t> places;
        if (GetParam().seams == Seams::all || ids.size() < 8) {
            for (std::size_t place = 0; place < ids.size(); ++place)
                places.insert(place);
            return places;
        }
        places = {0, 1, ids.size() - 2, ids.size() - 1};
        for (std::size_t place = 1; place < ids.size(); ++place) {
            if (ids[place] > ids[place - 1] + 1) places.insert({place - 1, place});
        }
        const auto edges = places;
        for (auto edge = edges.begin(); std::next(edge) != edges.end(); ++edge)
            places.insert((*edge + *std::next(edge)) / 2);
        return places;
    }

    [[nodiscard]] static std::vector<std::pair<std::size_t, std::size_t>> tried_seams(const Received& whole) {
        std::vector<std::size_t> ids;
        for (const auto& [count, bytes] : whole.seams)
            ids.push_back(count);
        std::vector<std::pair<std::size_t, std::size_t>> seams;
        for (const auto place : tried(ids))
            seams.push_back(whole.seams[place]);
        return seams;
    }

    void expect_the_same_from_every_seam(Operation operation, const std::string& request, std::uint64_t most) {
        auto call = call_of(operation, request, most);
        const auto whole = receive(*engine->start(call));
        ASSERT_TRUE(whole.start.at("continuable").as_bool());
        ASSERT_GE(whole.seams.size(), 3U);
        for (const auto& [ids, bytes] : tried_seams(whole)) {
            call.from = seam(whole, ids, most);
            const auto rest = receive(*engine->start(call), ids);

            EXPECT_EQ(whole.said.substr(0, bytes) + rest.said, whole.said) << "after " << ids << " tokens";
            if (!rest.tool_call.empty()) {
                EXPECT_EQ(rest.tool_call, whole.tool_call) << "after " << ids << " tokens";
            }
            EXPECT_EQ(rest.finish, whole.finish) << "after " << ids << " tokens";
            if (ids > 0) {
                EXPECT_EQ(rest.roles, 0U) << "after " << ids << " tokens";
            }
            for (const auto* count : {"prompt_tokens", "completion_tokens"})
                EXPECT_EQ(rest.usage.at(count), whole.usage.at(count)) << count << " after " << ids << " tokens";
            EXPECT_EQ(rest.start.at("prompt_ids"), whole.start.at("prompt_ids"));
            EXPECT_EQ(rest.start.at("seed"), whole.start.at("seed"));
        }
    }

    const std::string question = R"({"messages":[{"role":"user","content":"Name a colour."}],"temperature":0,"seed":7)";
    const std::string object_schema =
        R"({"type":"object","properties":{"bees":{"enum":["few","many"]},"hives":{"type":"integer","maximum":99}},)"
        R"("required":["bees","hives"],"additionalProperties":false})";
    const std::string question_with_tool =
        question + R"(,"tool_choice":"required","tools":[{"type":"function","function":{"name":"count","parameters":)" +
        object_schema + "}}]";

    /// With a stop string that stands in the middle of the answer of so many tokens.
    std::string question_that_stops_early(std::uint64_t most) {
        const auto endless = question + R"(,"ignore_eos":true)";
        const auto plain = receive(*engine->start(call_of(Operation::chat, endless, most)));
        const auto word = plain.said.find(' ', plain.said.size() / 2);
        EXPECT_NE(word, std::string::npos) << plain.said;
        if (word == std::string::npos) return question;
        const boost::json::string stop(plain.said.substr(word, 5));
        return endless + R"(,"stop":[)" + boost::json::serialize(stop) + "]";
    }
};

TEST_P(ContinuationConformance, GoesOnWithATextAtEverySeam) {
    expect_the_same_from_every_seam(Operation::chat, question, 24);
}

TEST_P(ContinuationConformance, GoesOnWithACompletionAtEverySeam) {
    expect_the_same_from_every_seam(Operation::completion, R"({"prompt":"Bees make","temperature":0,"seed":7)", 16);
}

TEST_P(ContinuationConformance, GoesOnWithASchemaAnswerAtEverySeam) {
    expect_the_same_from_every_seam(
        Operation::chat,
        question + R"(,"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":)" +
            object_schema + "}}",
        60);
}

TEST_P(ContinuationConformance, GoesOnWithAToolCallAtEverySeam) {
    expect_the_same_from_every_seam(Operation::chat, question_with_tool, 80);
}

TEST_P(ContinuationConformance, GoesOnInFrontOfAStopString) {
    expect_the_same_from_every_seam(Operation::chat, question_that_stops_early(24), 24);
}

TEST_P(ContinuationConformance, EndsAtOnceWhenNoTokenIsLeft) {
    auto call = call_of(Operation::chat, question + R"(,"ignore_eos":true)", 6);
    const auto whole = receive(*engine->start(call));
    call.from = seam(whole, 6, 6);

    const auto rest = receive(*engine->start(call), 6);

    EXPECT_TRUE(rest.said.empty()) << rest.said;
    EXPECT_EQ(rest.finish, "length");
    EXPECT_EQ(rest.usage.at("completion_tokens"), 6);
}

TEST_P(ContinuationConformance, RefusesSeveralChoices) {
    auto call = call_of(Operation::chat, question + R"(,"n":2)", 6);
    call.from = Continuation{.prompt = {1}, .left = Tokens(6), .model_hash = engine->capabilities().model_hash};

    const auto reply = read_all(*engine->start(call));

    EXPECT_EQ(reply.head.status, 409);
    EXPECT_EQ(reply.error_code(), "not_continuable");
}

TEST_P(ContinuationConformance, RefusesAnAnswerOfAnotherModel) {
    auto call = call_of(Operation::chat, question, 6);
    call.from = Continuation{.prompt = {1}, .left = Tokens(6), .model_hash = "another"};

    const auto reply = read_all(*engine->start(call));

    EXPECT_EQ(reply.head.status, 409);
    EXPECT_EQ(reply.error_code(), "not_continuable");
}

}  // namespace rbees::engine::testing
