#pragma once
/// @file
/// Chat completions and completions, streamed or whole.

#include <memory>

#include "llama_core.hpp"
#include "stream_ids.hpp"

namespace rbees::engine {

/// The work begins with `head`, on the reading thread: templates and tokenizers take their time too.
[[nodiscard]] std::unique_ptr<Answer> generation_answer(std::shared_ptr<LlamaCore> core, Call call);

}  // namespace rbees::engine
