#pragma once
/// @file
/// A chat template of the user's own, for a model whose file has a broken one, an old one or none.

#include <expected>
#include <string>

#include "rbees/base/units.hpp"
#include "rbees/engine/engine.hpp"

namespace rbees::engine {

inline constexpr Bytes chat_template_max = mebibytes(1);

/// The plan's template; empty where the model's own is to be used. Refuses a file that cannot be read or is larger than
/// `chat_template_max`, a text that llama.cpp cannot use, and a template for a model that does not chat.
[[nodiscard]] std::expected<std::string, LoadError> read_chat_template(const LoadPlan& plan, Kind kind);

/// `Capabilities::model_hash`: workers with different templates must not go on with each other's answers.
[[nodiscard]] std::string hash_with(const std::string& model_hash, const std::string& chat_template);

}  // namespace rbees::engine
