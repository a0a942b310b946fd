#include "rbees/engine/embedding_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <cmath>
#include <cstdint>
#include <iterator>

namespace rbees::engine {
namespace {

void append_base64(std::string& text, std::string_view bytes) {
    static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= left ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
}

void append_numbers(std::string& text, const std::vector<float>& vector) {
    auto out = std::back_inserter(text);
    for (std::size_t i = 0; i < vector.size(); ++i) {
        const float value = std::isfinite(vector[i]) ? vector[i] : 0;  // JSON has no other numbers
        fmt::format_to(out, "{}{}", i == 0 ? "" : ",", value);
    }
}

}  // namespace

std::string embedding_body(std::span<const std::vector<float>> vectors, EmbeddingEncoding encoding,
                           std::string_view model, Tokens used) {
    static_assert(std::endian::native == std::endian::little, "clients expect little-endian floats");
    std::string text = R"({"object":"list","data":[)";
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        const auto& vector = vectors[i];
        text += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":)", i == 0 ? "" : ",", i);
        if (encoding == EmbeddingEncoding::base64) {
            text += '"';
            append_base64(text, {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)});
            text += "\"}";
        } else {
            text += '[';
            append_numbers(text, vector);
            text += "]}";
        }
    }
    text += fmt::format(R"(],"model":{},"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})",
                        boost::json::serialize(boost::json::string(model)), used.value, used.value);
    return text;
}

}  // namespace rbees::engine
