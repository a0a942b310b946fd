#pragma once
/// @file
/// What every embedding engine answers and refuses.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <utility>

#include "conformance_fixture.hpp"

namespace rbees::engine::testing {

/// The same for embedding models.
class EmbeddingConformance : public ChatConformance {};

TEST_P(EmbeddingConformance, EmbedsTextsInOrderWithUsage) {
    const auto reply = ask(*engine, Operation::embedding, R"({"input":["the quiet river","honey"]})");

    ASSERT_EQ(reply.head.status, 200) << reply.body;
    const auto json = reply.json();
    EXPECT_EQ(json.at("object"), "list");
    ASSERT_EQ(json.at("data").as_array().size(), 2U);
    EXPECT_EQ(json.at("data").at(1).at("index"), 1);
    EXPECT_GT(json.at("data").at(0).at("embedding").as_array().size(), 100U);
    EXPECT_GT(json.at("usage").at("prompt_tokens").as_int64(), 0);
    EXPECT_EQ(json.at("model").as_string(), engine->capabilities().model);
}

TEST_P(EmbeddingConformance, GivesTheSameNumbersAsBase64) {
    const auto floats = ask(*engine, Operation::embedding, R"({"input":"honey"})").json().at("data").at(0);
    const auto text = ask(*engine, Operation::embedding, R"({"input":"honey","encoding_format":"base64"})").json();

    const auto dimensions = floats.at("embedding").as_array().size();
    EXPECT_EQ(text.at("data").at(0).at("embedding").as_string().size(), (dimensions * 4 + 2) / 3 * 4);
}

TEST_P(EmbeddingConformance, PutsRelatedTextsCloserThanUnrelatedOnes) {
    const auto json = ask(*engine, Operation::embedding,
                          R"({"input":["a quiet green river","the quiet green river","honey for people"]})")
                          .json();
    const auto cosine = [&](std::size_t a, std::size_t b) {
        const auto first = boost::json::value_to<std::vector<double>>(json.at("data").at(a).at("embedding"));
        const auto second = boost::json::value_to<std::vector<double>>(json.at("data").at(b).at("embedding"));
        double sum = 0;
        for (std::size_t i = 0; i < first.size(); ++i)
            sum += first[i] * second[i];
        return sum;
    };

    EXPECT_NEAR(cosine(0, 0), 1, 1e-3);
    EXPECT_GT(cosine(0, 1), cosine(0, 2));
}

TEST_P(EmbeddingConformance, RefusesWhatItCannotEmbed) {
    EXPECT_EQ(ask(*engine, Operation::embedding, R"({"input":""})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::embedding, R"({"input":[]})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::embedding, R"({"input":"x","encoding_format":"hex"})").head.status, 400);
    EXPECT_EQ(ask(*engine, Operation::chat, R"({"messages":[{"role":"user","content":"x"}]})").head.status, 501);
}

TEST_P(EmbeddingConformance, RefusesATextLongerThanTheContext) {
    std::string text;
    for (std::uint64_t i = 0; i < engine->capabilities().context.value + 10; ++i)
        text += "river ";

    const auto reply = ask(*engine, Operation::embedding, R"({"input":")" + text + R"("})");

    EXPECT_EQ(reply.head.status, 400);
    EXPECT_EQ(reply.error_code(), "context_length_exceeded");
}

}  // namespace rbees::engine::testing
