#pragma once
/// @file
/// What the first bytes of a GGUF file say about the model (ggml's gguf.md, versions 2 and 3).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "rbees/contracts/nodes.hpp"

namespace rbees::poold {

struct GgufHeader {
    std::uint32_t version = 0;
    std::string architecture;              ///< "llama", "bert", ...
    std::optional<std::uint32_t> pooling;  ///< `<architecture>.pooling_type`; 4 is a ranking head
};

/// Reads the header from the beginning of a file. Values that lie behind the bytes stay unknown; fails with what is
/// wrong with a file that is no GGUF, or is cut before its first value.
[[nodiscard]] std::expected<GgufHeader, std::string> read_gguf_header(std::string_view bytes);

/// What a model of that header is for.
[[nodiscard]] contracts::ModelKind kind_of(const GgufHeader& header);

}  // namespace rbees::poold
