#pragma once
/// @file
/// What the conformance tests of all engines stand on.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "engine_reading.hpp"

namespace rbees::engine::testing {

/// Gives the engine under test, or null pointer where it cannot be had (the test says "not run" then).
using EngineSource = std::function<std::shared_ptr<Engine>()>;

/// Which seams of an answer are tried: places at which it is cut, and gone on with.
enum class Seams : std::uint8_t {
    all,
    telling,  ///< those at which something changes, for an engine that takes a second for each
};

struct EngineUnderTest {
    EngineSource source;
    Seams seams = Seams::all;
};

class ChatConformance : public ::testing::TestWithParam<EngineUnderTest> {
  protected:
    void SetUp() override {
        engine = GetParam().source();
        if (!engine) GTEST_SKIP() << "not run: this engine cannot be had here, for the reason above";
    }

    Reply chat(const std::string& more = "", TokenIds ids = TokenIds::left_out) {
        return ask(*engine, Operation::chat, R"({"messages":[{"role":"user","content":"Name a colour."}])" + more + "}",
                   ids);
    }

    std::shared_ptr<Engine> engine;
    const std::string brief = R"(,"max_tokens":8,"temperature":0,"seed":7)";
};

}  // namespace rbees::engine::testing
