#pragma once
/// @file
/// What the tests of seams stand on that a well-behaved caller never makes.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "engine_reading.hpp"

namespace rbees::engine::testing {

class ResumingTest : public ::testing::Test {
  protected:
    TokenIdList tokens(const std::string& text) {
        const auto body = boost::json::serialize(boost::json::object{{"content", text}});
        return boost::json::value_to<TokenIdList>(ask(*engine, Operation::tokenize, body).json().at("tokens"));
    }

    /// The rest of an answer to `prompt` that has `generated` so far.
    Reply go_on_with(Call call, const std::string& prompt, TokenIdList generated, std::uint64_t left) {
        call.ids = TokenIds::included;
        call.from = Continuation{.prompt = tokens(prompt),
                                 .generated = std::move(generated),
                                 .seed = 7,
                                 .left = Tokens(left),
                                 .model_hash = engine->capabilities().model_hash};
        return read_all(*engine->start(std::move(call)));
    }

    static void expect_refused(const Reply& reply) {
        EXPECT_EQ(reply.head.status, 409) << reply.body;
        EXPECT_EQ(reply.error_code(), "not_continuable");
    }

    /// The place of the first token that the answer says.
    static std::size_t first_index(const Reply& reply) {
        for (const auto& frame : frames_of(reply.body)) {
            if (frame.event == "rbees.ids") return frame.json().at("i").to_number<std::size_t>();
        }
        return std::string::npos;
    }

    std::shared_ptr<Engine> engine;
};

}  // namespace rbees::engine::testing
