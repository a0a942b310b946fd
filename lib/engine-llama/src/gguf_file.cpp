#include "gguf_file.hpp"

#include <fmt/format.h>
#include <gguf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>

#include "load_refusal.hpp"

namespace rbees::engine {
namespace {

struct FreeGguf {
    void operator()(gguf_context* context) const { gguf_free(context); }
};
using Gguf = std::unique_ptr<gguf_context, FreeGguf>;

std::unexpected<LoadError> corrupt(const std::string& path, const std::string& why) {
    return refuse_load(LoadErrorKind::file_corrupt, fmt::format("{} cannot be loaded: {}", path, why),
                       "download it again, or give a GGUF model file");
}

/// An unsigned value of whatever width the file holds it in; for a list the sum of its items.
std::optional<std::uint64_t> number(const gguf_context* file, const std::string& key) {
    const auto id = gguf_find_key(file, key.c_str());
    if (id < 0) return std::nullopt;
    switch (gguf_get_kv_type(file, id)) {
        case GGUF_TYPE_UINT32:
            return gguf_get_val_u32(file, id);
        case GGUF_TYPE_INT32:
            return static_cast<std::uint64_t>(std::max(0, gguf_get_val_i32(file, id)));
        case GGUF_TYPE_UINT64:
            return gguf_get_val_u64(file, id);
        case GGUF_TYPE_UINT16:
            return gguf_get_val_u16(file, id);
        default:
            return std::nullopt;
    }
}

std::optional<std::uint64_t> sum_of_list(const gguf_context* file, const std::string& key) {
    const auto id = gguf_find_key(file, key.c_str());
    if (id < 0 || gguf_get_kv_type(file, id) != GGUF_TYPE_ARRAY) return std::nullopt;
    const auto type = gguf_get_arr_type(file, id);
    if (type != GGUF_TYPE_INT32 && type != GGUF_TYPE_UINT32) return std::nullopt;
    const auto* items = static_cast<const std::uint32_t*>(gguf_get_arr_data(file, id));
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < gguf_get_arr_n(file, id); ++i)
        sum += items[i];
    return sum;
}

std::string text(const gguf_context* file, const char* key) {
    const auto id = gguf_find_key(file, key);
    if (id < 0 || gguf_get_kv_type(file, id) != GGUF_TYPE_STRING) return {};
    return gguf_get_val_str(file, id);
}

bool is_encoder(std::string_view architecture) {
    constexpr std::array more = {"gemma-embedding", "t5encoder", "eurobert"};
    return architecture.find("bert") != std::string_view::npos || std::ranges::find(more, architecture) != more.end();
}

Pooling pooling_of(const gguf_context* file, const std::string& architecture) {
    constexpr std::uint64_t none = 0;  // enum llama_pooling_type
    constexpr std::uint64_t rank = 4;
    const auto type = number(file, architecture + ".pooling_type");
    if (type == rank) return Pooling::rank;
    if (type && *type != none) return Pooling::vectors;
    return is_encoder(architecture) ? Pooling::vectors : Pooling::none;
}

Bytes kv_per_token(const gguf_context* file, const std::string& architecture) {
    const auto get = [&](const char* name) { return number(file, architecture + name); };
    const auto layers = get(".block_count").value_or(0);
    const auto width = get(".embedding_length").value_or(0);
    const auto heads = std::max<std::uint64_t>(1, get(".attention.head_count").value_or(1));
    const auto key = get(".attention.key_length").value_or(width / heads);
    const auto value = get(".attention.value_length").value_or(width / heads);
    const auto name = architecture + ".attention.head_count_kv";
    const auto all_heads = sum_of_list(file, name).value_or(number(file, name).value_or(heads) * layers);
    return Bytes(all_heads * (key + value) * 2);
}

/// Empty, or which tensor lies outside the file.
std::string tensor_outside(const gguf_context* file, std::uint64_t size) {
    const auto data = gguf_get_data_offset(file);
    for (std::int64_t i = 0; i < gguf_get_n_tensors(file); ++i) {
        const auto end = data + gguf_get_tensor_offset(file, i) + gguf_get_tensor_size(file, i);
        if (end > size) {
            return fmt::format("it is truncated: tensor {} ends at byte {}, but the file has {} bytes",
                               gguf_get_tensor_name(file, i), end, size);
        }
    }
    return {};
}

/// The files of a model that was split ("-00001-of-00003.gguf") have names that follow from the first.
std::uint64_t size_of_all(const gguf_context* file, const std::string& path, std::uint64_t first) {
    const auto count = number(file, "split.count").value_or(1);
    const auto mark = path.rfind("-00001-of-");
    if (count < 2 || count > 99'999 || mark == std::string::npos) return first;
    std::uint64_t size = first;
    for (std::uint64_t i = 2; i <= count; ++i) {
        std::error_code failed;
        auto part = path;
        part.replace(mark, 6, fmt::format("-{:05}", i));
        const auto bytes = std::filesystem::file_size(part, failed);
        if (!failed) size += bytes;
    }
    return size;
}

}  // namespace

std::expected<ModelFacts, LoadError> inspect_model(const std::string& path) {
    std::error_code failed;
    if (!std::filesystem::is_regular_file(path, failed)) {
        return refuse_load(LoadErrorKind::file_missing, fmt::format("model file {} is not there", path),
                           "check the path, or pull the model again");
    }
    const std::uint64_t size = std::filesystem::file_size(path, failed);
    std::array<char, 4> magic{};
    std::ifstream stream(path, std::ios::binary);
    if (!stream)
        return refuse_load(LoadErrorKind::file_missing, fmt::format("model file {} cannot be read", path),
                           "check its permissions");
    if (!stream.read(magic.data(), magic.size()) || std::memcmp(magic.data(), "GGUF", magic.size()) != 0) {
        return corrupt(path, "it is not a GGUF file");
    }
    const Gguf file(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
    if (!file) return corrupt(path, "its header is broken or cut off");
    if (const auto why = tensor_outside(file.get(), size); !why.empty()) return corrupt(path, why);

    ModelFacts facts{.architecture = text(file.get(), "general.architecture")};
    if (facts.architecture.empty()) return corrupt(path, "its header names no architecture");
    facts.pooling = pooling_of(file.get(), facts.architecture);
    if (facts.pooling == Pooling::rank) facts.kind = Kind::rerank;
    if (facts.pooling == Pooling::vectors) facts.kind = Kind::embedding;
    facts.causal = !is_encoder(facts.architecture);
    facts.trained = Tokens(number(file.get(), facts.architecture + ".context_length").value_or(2048));
    facts.size = Bytes(size_of_all(file.get(), path, size));
    facts.kv_per_token = facts.causal ? kv_per_token(file.get(), facts.architecture) : Bytes(0);
    return facts;
}

}  // namespace rbees::engine
