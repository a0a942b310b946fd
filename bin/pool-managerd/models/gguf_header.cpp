#include "models/gguf_header.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace rbees::poold {
namespace {

enum class ValueType : std::uint32_t { string = 8, array = 9 };

constexpr std::array<std::uint8_t, 13> size_of_type{1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
constexpr std::uint64_t values_max = 4096;
constexpr std::uint32_t pooling_rank = 4;
constexpr std::uint32_t type_uint32 = 4;

/// Takes little-endian values off the front; `ok` turns false at the end of the bytes and stays so.
class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : rest_(bytes) {}

    template <class Number>
    Number number() {
        Number value = 0;
        const auto piece = take(sizeof value);
        if (ok_) std::memcpy(&value, piece.data(), sizeof value);
        return value;
    }

    std::string_view string() { return take(number<std::uint64_t>()); }

    std::string_view take(std::uint64_t size) {
        if (size > rest_.size()) ok_ = false;
        if (!ok_) return {};
        const auto piece = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return piece;
    }

    void skip_value(std::uint32_t type) {
        if (type == static_cast<std::uint32_t>(ValueType::string)) {
            string();
        } else if (type == static_cast<std::uint32_t>(ValueType::array)) {
            skip_array();
        } else {
            skip_numbers(type, 1);
        }
    }

    [[nodiscard]] bool ok() const { return ok_; }

  private:
    void skip_array() {
        const auto type = number<std::uint32_t>();
        const auto count = number<std::uint64_t>();
        if (type != static_cast<std::uint32_t>(ValueType::string)) return skip_numbers(type, count);
        for (std::uint64_t index = 0; ok_ && index < count; ++index) {
            string();
        }
    }

    void skip_numbers(std::uint32_t type, std::uint64_t count) {
        if (type >= size_of_type.size() || size_of_type[type] == 0 || count > rest_.size()) {
            ok_ = false;
            return;
        }
        take(count * size_of_type[type]);
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace

std::expected<GgufHeader, std::string> read_gguf_header(std::string_view bytes) {
    Cursor cursor(bytes);
    if (cursor.take(4) != "GGUF") return std::unexpected("the file is not a GGUF file");
    GgufHeader header{.version = cursor.number<std::uint32_t>()};
    cursor.number<std::uint64_t>();  // how many tensors
    const auto values = cursor.number<std::uint64_t>();
    if (!cursor.ok()) return std::unexpected("the GGUF file is cut short");
    if (header.version < 2 || header.version > 3) {
        return std::unexpected("the GGUF file has version " + std::to_string(header.version) + "; 2 and 3 are known");
    }
    for (std::uint64_t index = 0; cursor.ok() && index < std::min(values, values_max); ++index) {
        const auto key = cursor.string();
        const auto type = cursor.number<std::uint32_t>();
        if (key == "general.architecture" && type == static_cast<std::uint32_t>(ValueType::string)) {
            header.architecture = cursor.string();
        } else if (key.ends_with(".pooling_type") && type == type_uint32) {
            header.pooling = cursor.number<std::uint32_t>();
        } else {
            cursor.skip_value(type);
        }
    }
    return header;
}

contracts::ModelKind kind_of(const GgufHeader& header) {
    constexpr std::array embedding{"bert",         "modern-bert",  "nomic-bert",      "nomic-bert-moe", "neo-bert",
                                   "jina-bert-v2", "jina-bert-v3", "gemma-embedding", "t5encoder",      "eurobert"};
    if (header.pooling == pooling_rank) return contracts::ModelKind::rerank;
    if (std::ranges::find(embedding, header.architecture) != embedding.end()) return contracts::ModelKind::embedding;
    return contracts::ModelKind::chat;
}

}  // namespace rbees::poold
