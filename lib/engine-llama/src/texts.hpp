#pragma once
/// @file
/// The operations that generate nothing: tokenizer, chat template, embeddings, reranking.

#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "llama_core.hpp"
#include "rbees/engine/api_error.hpp"
#include "task_reader.hpp"

namespace rbees::engine {

/// A JSON body, or why there is none.
using Body = std::expected<std::string, ApiError>;

[[nodiscard]] Body tokenize(const LlamaCore& core, const std::string& body);
[[nodiscard]] Body detokenize(const LlamaCore& core, const std::string& body);
[[nodiscard]] Body embed(LlamaCore& core, const std::string& body, TaskReader& reader);
[[nodiscard]] Body rerank(LlamaCore& core, const std::string& body, TaskReader& reader);

/// An answer whose body `work` makes, on the reading thread.
[[nodiscard]] std::unique_ptr<Answer> work_answer(std::shared_ptr<LlamaCore> core,
                                                  std::function<Body(LlamaCore&, TaskReader&)> work);

}  // namespace rbees::engine
