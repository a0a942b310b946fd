#include "conformance_thinking.hpp"
#include "engine_conformance.hpp"
#include "models.hpp"

namespace rbees::engine::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Llama, ChatConformance, ::testing::Values(EngineSource(chat_engine)),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Llama, ContinuationConformance, ::testing::Values(EngineSource(chat_engine)),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Llama, EventConformance, ::testing::Values(EngineSource(chat_engine)),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Llama, ToolConformance, ::testing::Values(EngineSource(tools_engine)),
                         [](const auto&) { return "tools"; });
INSTANTIATE_TEST_SUITE_P(Llama, ThinkingConformance, ::testing::Values(EngineSource(thinking_engine)),
                         [](const auto&) { return "thinking"; });
INSTANTIATE_TEST_SUITE_P(Llama, EmbeddingConformance, ::testing::Values(EngineSource(embedding_engine)),
                         [](const auto&) { return "embedding"; });

}  // namespace
}  // namespace rbees::engine::testing
