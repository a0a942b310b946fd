#include <algorithm>
#include <array>

#include "names.hpp"
#include "rbees/base/ascii.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::pool {
namespace {

using contracts::ModelSource;
using contracts::ModelSpec;
using contracts::SourceKind;

constexpr std::string_view hf_prefix = "hf:";
constexpr std::string_view file_prefix = "file:";
constexpr std::string_view file_marker = "::file=";
constexpr std::string_view gguf_suffix = ".gguf";
constexpr std::size_t reference_length_max = 1024;

/// "Qwen3-4B-Q4_K_M.gguf" or "Qwen3-4B-GGUF" -> a slug.
std::string slug_from(std::string_view name) {
    auto slug = to_lower(name.substr(name.rfind('/') + 1));
    for (const auto suffix : {gguf_suffix, std::string_view("-gguf")}) {
        if (slug.ends_with(suffix) && slug.size() > suffix.size()) slug.resize(slug.size() - suffix.size());
    }
    std::ranges::replace_if(
        slug, [](char c) { return !is_alphanumeric(c) && c != '.' && c != '_' && c != '-' && c != ':'; }, '-');
    slug.erase(slug.begin(), std::ranges::find_if(slug, is_alphanumeric));
    if (slug.size() > slug_length_max) slug.resize(slug_length_max);
    return slug.empty() ? "model" : slug;
}

const ModelSpec* catalogue_entry_with(const ModelSource& source) {
    for (const auto& spec : catalogue()) {
        if (std::ranges::find(spec.sources, source) != spec.sources.end()) return &spec;
    }
    return nullptr;
}

/// A model of that source alone. `name` is what a file or repository is called: many are called the same.
ModelSpec spec_of(ModelSource source, std::string_view name) {
    constexpr std::size_t digest_characters = 8;
    auto slug = slug_from(name);
    if (slug.size() > slug_length_max - digest_characters - 1) slug.resize(slug_length_max - digest_characters - 1);
    slug += "-" + sha256_hex(describe_source(source)).substr(0, digest_characters);
    return ModelSpec{.id = ModelId(slug), .name = slug, .license = "unknown", .sources = {std::move(source)}};
}

std::expected<ModelSpec, std::string> huggingface_spec(std::string_view reference) {
    auto rest = reference.substr(hf_prefix.size());
    ModelSource source{.kind = SourceKind::huggingface};
    if (const auto marker = rest.find(file_marker); marker != std::string_view::npos) {
        source.file = std::string(rest.substr(marker + file_marker.size()));
        rest = rest.substr(0, marker);
        if (!is_gguf_path(*source.file)) {
            return std::unexpected("`" + *source.file + "` is not the path of a .gguf file");
        }
    }
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
        source.version = std::string(rest.substr(at + 1));
        rest = rest.substr(0, at);
        if (!is_name(*source.version)) return std::unexpected("`" + *source.version + "` is not a revision");
    }
    if (std::ranges::count(rest, '/') != 1 || !is_repository_path(rest)) {
        return std::unexpected("`" + std::string(reference) +
                               "` is not of the form hf:org/repo[@revision][::file=path]");
    }
    source.repository = std::string(rest);
    if (const auto* known = catalogue_entry_with(source)) return *known;
    const auto name = source.file.value_or(*source.repository);
    return spec_of(std::move(source), name);
}

std::expected<ModelSpec, std::string> file_spec(std::string_view reference) {
    const auto path = reference.substr(file_prefix.size());
    if (!path.starts_with('/') || !to_lower(path).ends_with(gguf_suffix) || path.find('\0') != std::string_view::npos) {
        return std::unexpected("`" + std::string(reference) + "` is not of the form file:/absolute/path.gguf");
    }
    return spec_of({.kind = SourceKind::file, .file = std::string(path)}, path);
}

/// The reference that names the source alone; empty where there is none.
std::string reference_of(const ModelSource& source) {
    if (source.kind == SourceKind::file) return std::string(file_prefix) + source.file.value_or("");
    if (source.kind != SourceKind::huggingface) return {};
    auto reference = std::string(hf_prefix) + source.repository.value_or("");
    if (source.version) reference += "@" + *source.version;
    if (source.file) reference += std::string(file_marker) + *source.file;
    return reference;
}

/// "model-00001-of-00003.gguf": a part is no model.
bool is_split(std::string_view name) {
    const auto of = name.rfind("-of-");
    return of != std::string_view::npos && of + 4 < name.size() && name[of + 4] >= '0' && name[of + 4] <= '9';
}

}  // namespace

bool is_slug(std::string_view text) {
    return !text.empty() && text.size() <= slug_length_max && is_alphanumeric(text.front()) &&
           std::ranges::all_of(text, [](char c) {
               return (is_alphanumeric(c) && c == to_lower(c)) || c == '.' || c == '_' || c == ':' || c == '-';
           });
}

bool is_simulated(const ModelId& id) {
    return id.str().starts_with("sim:");
}

std::expected<ModelSpec, std::string> resolve_reference(std::string_view reference) {
    if (reference.size() > reference_length_max) return std::unexpected("the reference is longer than 1024 bytes");
    if (reference.starts_with(hf_prefix)) return huggingface_spec(reference);
    if (reference.starts_with(file_prefix)) return file_spec(reference);
    if (const auto* known = find_in_catalogue(ModelId(std::string(reference)))) return *known;
    return std::unexpected("the catalogue has no model `" + std::string(reference) + "`");
}

std::string reference_for(const ModelId& id, std::span<const ModelSource> sources) {
    for (const auto& source : sources) {
        auto reference = reference_of(source);
        const auto spec = resolve_reference(reference);
        if (spec && spec->id == id && find_in_catalogue(id) == nullptr) return reference;
    }
    return id.str();
}

std::optional<std::string> choose_gguf(const std::vector<std::string>& files) {
    constexpr std::array order{"q4_k_m", "q4_k_s", "q5_k_m", "q4_0", "q4_1", "iq4_xs",
                               "q6_k",   "q8_0",   "mxfp4",  "f16",  "bf16"};
    std::vector<std::string> whole;
    std::ranges::copy_if(files, std::back_inserter(whole), [](const std::string& file) {
        const auto name = to_lower(file);
        return name.ends_with(gguf_suffix) && !is_split(name) && name.find("mmproj") == std::string::npos &&
               is_repository_path(file);
    });
    std::ranges::sort(whole);
    for (const auto* quantization : order) {
        const auto found =
            std::ranges::find_if(whole, [&](const auto& file) { return to_lower(file).contains(quantization); });
        if (found != whole.end()) return *found;
    }
    if (whole.empty()) return std::nullopt;
    return whole.front();
}

std::string huggingface_url(std::string_view endpoint, const ModelSource& source) {
    while (endpoint.ends_with('/')) {
        endpoint.remove_suffix(1);
    }
    return std::string(endpoint) + "/" + source.repository.value_or("") + "/resolve/" +
           source.version.value_or("main") + "/" + source.file.value_or("");
}

}  // namespace rbees::pool
