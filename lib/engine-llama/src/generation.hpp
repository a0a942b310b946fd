#pragma once
/// @file
/// Chat completions and completions, streamed or whole.

#include <memory>

#include "llama_core.hpp"

namespace rbees::engine {

/// The work begins with `head`, on the reading thread: templates and tokenizers take their time too.
[[nodiscard]] std::unique_ptr<Answer> generation_answer(const std::shared_ptr<LlamaCore>& core, Call call);

/// The same for a call with `Frames::tokens`.
[[nodiscard]] std::unique_ptr<Answer> token_answer(const std::shared_ptr<LlamaCore>& core, Call call);

}  // namespace rbees::engine
