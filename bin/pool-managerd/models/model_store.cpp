#include "models/model_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/shell.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

Failure failure(const std::string& what, const std::error_code& error) {
    return {.message = fmt::format("{}: {}", what, error.message()), .remedy = {}};
}

std::optional<std::int64_t> modified_ns(const fs::path& file) {
    struct stat facts{};
    if (::stat(file.c_str(), &facts) != 0) return std::nullopt;
    constexpr std::int64_t second = 1'000'000'000;
    return facts.st_mtim.tv_sec * second + facts.st_mtim.tv_nsec;
}

/// Shares the blocks of a file on file systems that can (FICLONE); false where they cannot.
bool clone(const fs::path& from, const fs::path& to) {
    const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd target(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    return source.valid() && target.valid() && ::ioctl(target.get(), FICLONE, source.get()) == 0;
}

Result<void> copy_bytes(const fs::path& from, const fs::path& to) {
    std::error_code error;
    const auto size = fs::file_size(from, error);
    const auto free = free_space(to.parent_path());
    if (!error && free && free->value < size) {
        return fail(fmt::format("no room for a copy of the model: {} more are needed in {}",
                                describe(Bytes(size - free->value)), to.parent_path().native()),
                    "free some space, or put the cache (RBEES_CACHE) and the home on one file system");
    }
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, error);
    if (error) return std::unexpected(failure(fmt::format("cannot copy to {}", to.native()), error));
    return {};
}

/// The manifest by itself, whatever became of its file.
std::optional<Manifest> parse_manifest(const fs::path& json) {
    const auto text = read_file(json, limits::manifest_file);
    if (!text) return std::nullopt;
    auto manifest = reflect::from_json_text<Manifest>(*text);
    if (!manifest || fs::path(manifest->file).filename() != manifest->file) return std::nullopt;
    return std::move(*manifest);
}

/// What is wrong with the file, as far as its size shows it.
std::optional<std::string> fault_of(const fs::path& file, const Manifest& manifest) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (error) return fmt::format("the model file {} is missing", file.native());
    if (size == manifest.size.value) return std::nullopt;
    return fmt::format("the model file {} has {} bytes instead of {}", file.native(), size, manifest.size.value);
}

std::string pull_command(const Manifest& manifest) {
    return fmt::format("rbees models pull {}", shell_word(pool::reference_for(manifest.id, manifest.sources)));
}

}  // namespace

std::optional<Manifest> read_manifest(const fs::path& json) {
    auto manifest = parse_manifest(json);
    if (!manifest || fault_of(json.parent_path() / manifest->file, *manifest)) return std::nullopt;
    return manifest;
}

bool is_as_verified(const fs::path& file, const Manifest& manifest) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    return !error && size == manifest.size.value && manifest.modified_ns && modified_ns(file) == manifest.modified_ns;
}

Result<void> write_manifest(const fs::path& json, Manifest& manifest) {
    manifest.modified_ns = modified_ns(json.parent_path() / manifest.file);
    return write_file_atomically(json, reflect::to_json_text(manifest) + "\n", FileAccess::everyone);
}

Result<void> sync_file(const fs::path& file) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_with_errno(fmt::format("cannot sync {}", file.native()));
    return {};
}

ModelStore::ModelStore(fs::path folder, const Logger& log) : folder_(std::move(folder)) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        if (entry.path().extension() == ".json") list(entry.path(), log);
    }
}

void ModelStore::list(const fs::path& json, const Logger& log) {
    const auto read = parse_manifest(json);
    const auto manifest = read.value_or(Manifest{.id = ModelId(json.stem().native())});
    const auto& id = manifest.id;
    if (!pool::is_slug(id.str())) {
        return log.warning("a file among the models belongs to none", {{"file", json.native()}});
    }
    auto fault =
        read ? fault_of(folder_ / manifest.file, manifest) : fmt::format("the manifest {} is broken", json.native());
    if (!fault) {
        models_.emplace(id, manifest);
        return;
    }
    log.warning("a model is damaged", {{"model", id.str()}, {"why", *fault}});
    const auto again = read ? pull_command(manifest) : "pull it again as it was pulled";
    auto remedy = fmt::format("{}, or rbees models rm {}", again, id.str());
    damaged_.emplace(id, DamagedModel{manifest, {std::move(*fault), std::move(remedy)}});
}

const Manifest* ModelStore::find(const ModelId& id) const {
    const auto found = models_.find(id);
    return found == models_.end() ? nullptr : &found->second;
}

std::vector<contracts::ModelReport> ModelStore::reports() const {
    std::vector<contracts::ModelReport> reports;
    for (const auto& [id, manifest] : models_) {
        reports.push_back({id, manifest.size, manifest.sha256, manifest.kind});
    }
    return reports;
}

Result<fs::path> ModelStore::path_of(const ModelId& id) const {
    const auto& manifest = models_.at(id);
    auto path = folder_ / manifest.file;
    if (auto fault = fault_of(path, manifest)) return fail(std::move(*fault), pull_command(manifest));
    return path;
}

bool ModelStore::is_as_verified(const ModelId& id) const {
    const auto& manifest = models_.at(id);
    return poold::is_as_verified(folder_ / manifest.file, manifest);
}

std::optional<fs::path> ModelStore::chat_template_of(const ModelId& id) const {
    auto path = folder_ / (id.str() + ".jinja");
    std::error_code error;
    return fs::exists(path, error) ? std::optional(std::move(path)) : std::nullopt;
}

Result<void> ModelStore::place(const fs::path& verified, const ModelId& id) const {
    const auto fresh = folder_ / (id.str() + ".gguf.new");
    std::error_code error;
    fs::remove(fresh, error);
    fs::create_hard_link(verified, fresh, error);
    if (error && !clone(verified, fresh)) {
        if (auto copied = copy_bytes(verified, fresh); !copied) {
            fs::remove(fresh, error);
            return copied;
        }
    }
    if (auto synced = sync_file(fresh); !synced) return synced;
    fs::rename(fresh, file_of(id), error);
    if (error) return std::unexpected(failure(fmt::format("cannot write {}", file_of(id).native()), error));
    fs::remove(fresh, error);  // two names of one file: rename(2) leaves both
    return {};
}

void ModelStore::withdraw(const ModelId& id) const {
    std::error_code error;
    fs::remove(file_of(id), error);
}

Result<void> ModelStore::add(Manifest manifest) {
    manifest.file = file_of(manifest.id).filename().native();
    if (auto written = write_manifest(folder_ / (manifest.id.str() + ".json"), manifest); !written) return written;
    const auto id = manifest.id;
    models_.insert_or_assign(id, std::move(manifest));
    damaged_.erase(id);
    return {};
}

Result<void> ModelStore::remove(const ModelId& id) {
    std::error_code error;
    fs::remove(folder_ / (id.str() + ".json"), error);
    if (error) return std::unexpected(failure(fmt::format("cannot delete the manifest of {}", id.str()), error));
    models_.erase(id);
    damaged_.erase(id);
    fs::remove(file_of(id), error);
    if (error) return std::unexpected(failure(fmt::format("cannot delete {}", file_of(id).native()), error));
    return {};
}

fs::path ModelStore::file_of(const ModelId& id) const {
    return folder_ / (id.str() + ".gguf");
}

}  // namespace rbees::poold
