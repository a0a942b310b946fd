#include "engine_conformance.hpp"
#include "rbees/engine/simulated.hpp"

namespace rbees::engine::testing {
namespace {

EngineUnderTest simulated(std::string reference) {
    return {[reference = std::move(reference)] {
        auto pace = std::make_shared<VirtualPace>();
        pace->run_free();
        auto engine = load_simulated({.model_path = reference, .model_name = "simulated"}, {}, pace);
        return engine ? std::shared_ptr<Engine>(std::move(*engine)) : nullptr;
    }};
}

INSTANTIATE_TEST_SUITE_P(Simulated, ChatConformance, ::testing::Values(simulated("sim:demo?context=512")),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Simulated, ContinuationConformance, ::testing::Values(simulated("sim:demo?context=512")),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Simulated, EventConformance, ::testing::Values(simulated("sim:demo?context=512")),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Simulated, PauseConformance, ::testing::Values(simulated("sim:demo?context=512")),
                         [](const auto&) { return "chat"; });
INSTANTIATE_TEST_SUITE_P(Simulated, ToolConformance, ::testing::Values(simulated("sim:demo?context=1024")),
                         [](const auto&) { return "tools"; });
INSTANTIATE_TEST_SUITE_P(Simulated, EmbeddingConformance, ::testing::Values(simulated("sim:embedder?context=512")),
                         [](const auto&) { return "embedding"; });

}  // namespace
}  // namespace rbees::engine::testing
