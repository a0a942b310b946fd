#include <algorithm>

#include "names.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::pool {
namespace {

using contracts::ModelSource;
using contracts::SourceKind;

/// The rule of the package index for names: https://packaging.python.org/en/latest/specifications/name-normalization/
bool is_package_name(std::string_view text) {
    return is_name(text) && is_alphanumeric(text.front()) && is_alphanumeric(text.back());
}

/// What the version specifiers of PEP 440 are made of, without those that pip would read as something else.
bool is_package_version(std::string_view text) {
    return !text.empty() && is_alphanumeric(text.front()) && std::ranges::all_of(text, [](char c) {
        return is_alphanumeric(c) || c == '.' || c == '!' || c == '+' || c == '-' || c == '_';
    });
}

std::optional<std::string> fault_of_huggingface(const ModelSource& source) {
    const auto repository = source.repository.value_or("");
    if (std::ranges::count(repository, '/') != 1 || !is_repository_path(repository)) {
        return "`" + repository + "` is not a repository: ORGANISATION/NAME";
    }
    if (source.file && !is_gguf_path(*source.file)) return "`" + *source.file + "` is not the path of a .gguf file";
    if (source.version && !is_name(*source.version)) return "`" + *source.version + "` is not a revision";
    return std::nullopt;
}

std::optional<std::string> fault_of_package(const ModelSource& source) {
    const auto package = source.package.value_or("");
    const auto version = source.version.value_or("");
    if (!is_package_name(package)) return "`" + package + "` is not the name of a Python package";
    if (!is_package_version(version)) return "`" + version + "` is not the version of a Python package";
    const auto member = source.file.value_or("");
    if (!is_repository_path(member)) return "`" + member + "` is no file of a package";
    return std::nullopt;
}

}  // namespace

std::optional<std::string> fault_of(const ModelSource& source) {
    const auto file = source.file.value_or("");
    const auto address = source.url.value_or("");
    switch (source.kind) {
        case SourceKind::url:
            if (address.starts_with("http://") || address.starts_with("https://")) return std::nullopt;
            return "`" + address + "` is not an http address";
        case SourceKind::huggingface:
            return fault_of_huggingface(source);
        case SourceKind::pypi:
            return fault_of_package(source);
        case SourceKind::recipe:
            if (is_slug(file) && file.find(':') == std::string::npos) return std::nullopt;
            return "`" + file + "` is not the name of a recipe";
        case SourceKind::file:
            if (file.starts_with('/') && file.find('\0') == std::string::npos) return std::nullopt;
            return "`" + file + "` is not an absolute path";
    }
    return "it is of no known kind";
}

std::string describe_source(const ModelSource& source) {
    std::string text(reflect::name_of(source.kind));
    for (const auto* part : {&source.url, &source.package, &source.repository, &source.version, &source.file}) {
        if (*part) text += " " + **part;
    }
    return text;
}

bool is_same_model(const contracts::ModelSpec& spec, std::span<const ModelSource> sources, std::string_view sha256) {
    if (spec.sha256) return *spec.sha256 == sha256;
    return std::ranges::any_of(
        spec.sources, [&](const ModelSource& source) { return std::ranges::find(sources, source) != sources.end(); });
}

}  // namespace rbees::pool
