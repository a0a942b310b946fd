#include "downloads/cache_entry.hpp"

#include <fmt/format.h>

#include <string_view>
#include <system_error>

#include "downloads/partial_file.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t digest_characters = 12;

/// Whether the file is `<id>.<digest><suffix>`.
bool is_entry_of(const ModelId& id, std::string_view name, std::string_view suffix) {
    const auto prefix = id.str() + ".";
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) return false;
    if (name.size() != prefix.size() + digest_characters + suffix.size()) return false;
    return name.substr(prefix.size(), digest_characters).find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

CacheEntry::CacheEntry(const fs::path& cache, const ModelId& id, const contracts::ModelSource& source)
    : stem_(cache / "models" /
            fmt::format("{}.{}", id.str(), sha256_hex(pool::describe_source(source)).substr(0, digest_characters))),
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

Leftovers drop_unfinished(const fs::path& cache, const ModelId& id) {
    constexpr std::string_view suffix = ".gguf.partial";
    auto found = Leftovers::none;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(cache / "models", error)) {
        const auto name = entry.path().filename().native();
        if (!is_entry_of(id, name, suffix)) continue;
        const auto stem = name.substr(0, name.size() - suffix.size());
        const auto lock = FileLock::acquire(entry.path().parent_path() / (stem + ".lock"));
        if (!lock) continue;
        PartialFile::discard(entry.path().parent_path() / (stem + ".gguf"));
        found = Leftovers::deleted;
    }
    return found;
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
