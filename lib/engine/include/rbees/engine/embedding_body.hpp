#pragma once
/// @file
/// The body of POST /v1/embeddings, which no engine needs to write differently.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/units.hpp"
#include "rbees/engine/request.hpp"

namespace rbees::engine {

/// `{"object": "list", "data": [{"object", "index", "embedding"}], "model", "usage"}`; a vector is a list of numbers or
/// the base64 of its little-endian 32-bit floats.
[[nodiscard]] std::string embedding_body(std::span<const std::vector<float>> vectors, EmbeddingEncoding encoding,
                                         std::string_view model, Tokens used);

}  // namespace rbees::engine
