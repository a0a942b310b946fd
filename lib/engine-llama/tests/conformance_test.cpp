#include <cstdlib>
#include <string_view>

#include "conformance_thinking.hpp"
#include "conformance_triggers.hpp"
#include "engine_conformance.hpp"
#include "models.hpp"

namespace rbees::engine::testing {
namespace {

/// Each costs a long prompt, and a second with sanitizers. All of them are tried where there is time, and always of the
/// simulated engine, which shares the tests.
Seams tools_seams() {
    const auto* depth = std::getenv("RBEES_DEPTH");
    const std::string_view name = depth == nullptr ? "quick" : depth;
    return name == "quick" ? Seams::telling : Seams::all;
}

INSTANTIATE_TEST_SUITE_P(Llama, ChatConformance, ::testing::Values(EngineUnderTest{chat_engine}),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Llama, ContinuationConformance, ::testing::Values(EngineUnderTest{chat_engine}),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Llama, EventConformance, ::testing::Values(EngineUnderTest{chat_engine}),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Llama, PauseConformance, ::testing::Values(EngineUnderTest{chat_engine}),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Llama, ToolConformance, ::testing::Values(EngineUnderTest{tools_engine, tools_seams()}),
                         [](const auto&) { return "tools"; });
INSTANTIATE_TEST_SUITE_P(Llama, ThinkingConformance, ::testing::Values(EngineUnderTest{thinking_engine, tools_seams()}),
                         [](const auto&) { return "thinking"; });
INSTANTIATE_TEST_SUITE_P(Llama, TokenTriggerConformance,
                         ::testing::Values(EngineUnderTest{token_tools_engine, tools_seams()}),
                         [](const auto&) { return "tools"; });
INSTANTIATE_TEST_SUITE_P(Llama, ChannelConformance, ::testing::Values(EngineUnderTest{channels_engine, tools_seams()}),
                         [](const auto&) { return "channels"; });
INSTANTIATE_TEST_SUITE_P(Llama, EmbeddingConformance, ::testing::Values(EngineUnderTest{embedding_engine}),
                         [](const auto&) { return "embedding"; });

}  // namespace
}  // namespace rbees::engine::testing
