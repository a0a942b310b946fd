#include "downloads/cache_entry.hpp"

#include <fmt/format.h>

#include <boost/describe/enum_to_string.hpp>
#include <system_error>

#include "rbees/base/files.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/reflect/describe.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digest_characters = 12;

}  // namespace

std::string describe_source(const contracts::ModelSource& source) {
    std::string text(reflect::name_of(source.kind));
    for (const auto* part : {&source.url, &source.package, &source.repository, &source.version, &source.file}) {
        if (*part) text += " " + **part;
    }
    return text;
}

CacheEntry::CacheEntry(const fs::path& cache, const ModelId& id, const contracts::ModelSource& source)
    : stem_(cache / "models" /
            fmt::format("{}.{}", id.str(), sha256_hex(describe_source(source)).substr(0, digest_characters))),
      file_(with(".gguf")) {}

std::optional<std::string> CacheEntry::pinned() const {
    auto text = read_file(pin(), Bytes(1024));
    if (!text) return std::nullopt;
    while (text->ends_with('\n')) {
        text->pop_back();
    }
    return *text;
}

Result<void> CacheEntry::write_pin(const std::string& sha256) const {
    if (pinned()) return {};
    return write_file_atomically(pin(), sha256 + "\n", FileAccess::everyone);
}

fs::path CacheEntry::with(const char* suffix) const {
    return stem_.native() + suffix;
}

void drop_unused(const fs::path& cache, const ModelId& id, const std::vector<contracts::ModelSource>& sources) {
    for (const auto& source : sources) {
        const CacheEntry entry(cache, id, source);
        std::error_code error;
        if (fs::hard_link_count(entry.file(), error) != 1 || error) continue;
        fs::remove(entry.manifest(), error);
        fs::remove(entry.file(), error);
    }
}

}  // namespace rbees::poold
