#pragma once
/// @file
/// Answers of the simulated engine that take time: generation and embeddings.

#include <cstddef>
#include <memory>
#include <string>

#include "rbees/engine/engine.hpp"
#include "sim_core.hpp"
#include "sim_script.hpp"

namespace rbees::engine {

/// How a generation is handed over.
struct Delivery {
    Operation operation = Operation::chat;
    bool stream = false;
    bool include_usage = false;
    TokenIds ids = TokenIds::left_out;
    std::string task = {};  ///< of the call
    std::size_t first = 0;  ///< place of the first token; those before it were sent elsewhere
};

[[nodiscard]] std::unique_ptr<Answer> generation_answer(const std::shared_ptr<SimulatedCore>& core, Script script,
                                                        Delivery delivery);

/// The same as events; of the delivery only `operation`, `task` and `first` count.
[[nodiscard]] std::unique_ptr<Answer> token_answer(const std::shared_ptr<SimulatedCore>& core, Script script,
                                                   Delivery delivery);

/// Embeds the texts one after the other in one slot.
[[nodiscard]] std::unique_ptr<Answer> embedding_answer(std::shared_ptr<SimulatedCore> core,
                                                       const EmbeddingRequest& request);

}  // namespace rbees::engine
