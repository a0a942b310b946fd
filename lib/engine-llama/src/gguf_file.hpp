#pragma once
/// @file
/// Looks into a GGUF file before llama.cpp does, so that a missing, foreign or truncated file is named as what it is.

#include <cstdint>
#include <expected>
#include <string>

#include "rbees/base/units.hpp"
#include "rbees/engine/engine.hpp"

namespace rbees::engine {

/// How a model turns the vectors of its tokens into one, as far as loading cares.
enum class Pooling : std::uint8_t { none, vectors, rank };

struct ModelFacts {
    std::string architecture;  ///< "llama", "bert", ...
    Kind kind = Kind::chat;
    Pooling pooling = Pooling::none;
    bool causal = true;  ///< false for encoders, which take a text in one piece
    Tokens trained;      ///< context length of the training
    Bytes size;          ///< of all its files
    Bytes kv_per_token;  ///< 16-bit keys and values of all layers; an upper bound for models with sliding windows
};

/// Reads the header and checks that every tensor lies inside the file. Errors: `file_missing`, `file_corrupt`.
[[nodiscard]] std::expected<ModelFacts, LoadError> inspect_model(const std::string& path);

}  // namespace rbees::engine
