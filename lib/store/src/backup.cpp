#include "backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "connection.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/base/files.hpp"
#include "schema.hpp"

namespace rbees::store {
namespace {

constexpr const char* other_backup = "use another backup";

std::string to_text(const BackupManifest& manifest) {
    return fmt::format("rbees-backup 1\nformat {}\nprogram {}\nsequence {}\nhash {}\nmade_at {}\n", manifest.format,
                       manifest.program, manifest.head.sequence, to_hex(manifest.head.hash),
                       manifest.made_at.time_since_epoch().count());
}

/// The only form that `to_text` gives.
std::optional<BackupManifest> parse_manifest(const std::string& text) {
    BackupManifest manifest;
    std::istringstream lines(text);
    std::string hash;
    std::int64_t made_at = 0;
    const auto read = [&lines](std::string_view name, auto& value) {
        std::string found;
        return static_cast<bool>(lines >> found >> value) && found == name;
    };
    int form = 0;
    const bool is_read = read("rbees-backup", form) && read("format", manifest.format) &&
                         read("program", manifest.program) && read("sequence", manifest.head.sequence) &&
                         read("hash", hash) && read("made_at", made_at);
    const auto digest = digest_of(hash);
    if (!is_read || !digest) return std::nullopt;
    manifest.head.hash = *digest;
    manifest.made_at = WallTime{std::chrono::milliseconds(made_at)};
    return to_text(manifest) == text ? std::optional(manifest) : std::nullopt;
}

std::filesystem::path manifest_of(const std::filesystem::path& backup) {
    return beside(backup, ".manifest");
}

Result<BackupManifest> read_manifest(const std::filesystem::path& backup) {
    const auto path = manifest_of(backup);
    const auto text = read_file(path, kibibytes(4));
    if (!text) return std::unexpected(text.error());
    auto manifest = parse_manifest(*text);
    if (!manifest) return fail(path.native() + " is not the manifest of a backup", other_backup);
    const auto known = std::ssize(migrations());
    if (manifest->format == known) return std::move(*manifest);
    return fail(
        fmt::format("{} has format {}, this program restores format {}", backup.native(), manifest->format, known),
        fmt::format("restore it with rbees {}", manifest->program));
}

/// What the database at `path` says of itself, after all of it was read.
Result<BackupManifest> check(const std::filesystem::path& path, const std::optional<JournalHead>& known,
                             const std::stop_token& stop = {}) {
    const auto name = path.native();
    const auto reader = Reader::open(path);
    if (!reader) return std::unexpected(reader.error());
    const auto report = (*reader)->verify(known, stop);
    if (report.first_problem) return fail(fmt::format("{} is not good: {}", name, *report.first_problem), other_backup);
    const auto database = Database::open(path, SQLITE_OPEN_READWRITE, "");
    if (!database) return std::unexpected(to_failure("open " + name, database.error()));
    const auto format = database->integer("PRAGMA user_version");
    if (!format) return std::unexpected(to_failure("read " + name, format.error()));
    auto program = database->text("SELECT value FROM about WHERE key = 'program'");
    if (!program) return std::unexpected(to_failure("read " + name, program.error()));
    return BackupManifest{*format, std::move(*program), report.head, wall_now()};
}

/// As `check`, against the manifest.
Result<void> check_against(const std::filesystem::path& path, const BackupManifest& manifest,
                           const std::stop_token& stop = {}) {
    const auto found = check(path, manifest.head, stop);
    if (!found) return std::unexpected(found.error());
    if (found->head != manifest.head || found->format != manifest.format) {
        return fail(path.native() + " is not what its manifest says", other_backup);
    }
    return {};
}

Result<void> sync_file(const std::filesystem::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) return fail_with_errno("cannot sync " + path.native());
    return {};
}

Result<void> copy_database(const std::filesystem::path& database, const std::filesystem::path& to,
                           const std::string& vfs, const std::stop_token& stop) {
    const auto what = fmt::format("copy {} to {}", database.native(), to.native());
    // An empty file may be written to; made here, it has our mode and not that of the umask.
    if (auto made = make_private_file(to); !made) return made;
    const auto source = Database::open(database, SQLITE_OPEN_READWRITE, vfs);
    if (!source) return std::unexpected(to_failure(what, source.error()));
    source->end_with(stop);
    auto copy = source->prepare("VACUUM INTO ?");
    if (!copy) return std::unexpected(to_failure(what, copy.error()));
    if (const auto copied = copy->run(std::string_view(to.native())); !copied) {
        return std::unexpected(to_failure(what, copied.error()));
    }
    return sync_file(to);
}

Result<BackupManifest> copy_and_check(const std::filesystem::path& database, const std::filesystem::path& to,
                                      const std::string& vfs, const std::stop_token& stop) {
    if (auto copied = copy_database(database, to, vfs, stop); !copied) {
        return std::unexpected(std::move(copied.error()));
    }
    return check(to, std::nullopt, stop);
}

}  // namespace

std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix) {
    auto other = path;
    other += suffix;
    return other;
}

Result<BackupManifest> create_backup(const std::filesystem::path& database, const std::filesystem::path& target,
                                     const std::string& vfs, const std::stop_token& stop) {
    std::error_code ignored;
    if (std::filesystem::exists(target, ignored)) {
        return fail(target.native() + " exists already", "choose another name for the backup");
    }
    const auto partial = beside(target, ".partial");
    std::filesystem::remove(partial, ignored);
    auto manifest = copy_and_check(database, partial, vfs, stop);
    Result<void> placed;
    if (manifest) crash_point(rbees::CrashPoint::backup_copied);
    // The manifest comes first: a backup that has its name is complete.
    if (manifest) placed = write_file_atomically(manifest_of(target), to_text(*manifest), FileAccess::owner_only);
    if (manifest && placed) crash_point(rbees::CrashPoint::backup_listed);
    if (manifest && placed && ::rename(partial.c_str(), target.c_str()) != 0) {
        placed = fail_with_errno("cannot make " + target.native());
    }
    if (manifest && placed) placed = sync_folder(folder_of(target));
    if (manifest && placed) return manifest;
    std::filesystem::remove(partial, ignored);
    std::filesystem::remove(beside(partial, "-journal"), ignored);
    return std::unexpected(manifest ? placed.error() : manifest.error());
}

Result<BackupManifest> back_up(const std::filesystem::path& database, const std::filesystem::path& target,
                               const std::stop_token& stop) {
    return create_backup(database, target, "", stop);
}

Result<BackupManifest> verify_backup(const std::filesystem::path& backup, const std::stop_token& stop) {
    auto manifest = read_manifest(backup);
    if (!manifest) return manifest;
    if (auto good = check_against(backup, *manifest, stop); !good) return std::unexpected(std::move(good.error()));
    return manifest;
}

namespace {

/// The first name beside the database that nothing has yet.
std::filesystem::path free_name(const std::filesystem::path& database) {
    for (int number = 1;; ++number) {
        auto name = beside(database, fmt::format(".replaced-{}", number));
        if (!std::filesystem::exists(name) && !std::filesystem::exists(beside(name, "-wal"))) return name;
    }
}

/// Gives the old files a second name. Empty if there are none.
Result<std::filesystem::path> keep_old(const std::filesystem::path& database, const std::function<void()>& step) {
    const auto aside = free_name(database);
    bool is_any = false;
    for (const auto* suffix : {"", "-wal"}) {
        const auto old = beside(database, suffix);
        if (!std::filesystem::exists(old)) continue;
        step();
        if (::link(old.c_str(), beside(aside, suffix).c_str()) != 0) {
            return fail_with_errno(fmt::format("cannot move {} aside", old.native()));
        }
        is_any = true;
    }
    if (auto synced = sync_folder(folder_of(database)); !synced) return std::unexpected(std::move(synced.error()));
    return is_any ? aside : std::filesystem::path();
}

/// Puts `marker` in the database's place. A log must never lie beside a database that it does not belong to, nor a
/// head.
Result<void> replace(const std::filesystem::path& database, const std::filesystem::path& marker,
                     const std::function<void()>& step) {
    for (const auto* suffix : {"-wal", "-shm", ".head"}) {
        step();
        std::error_code error;
        std::filesystem::remove(beside(database, suffix), error);
        if (error) return fail(fmt::format("cannot remove {}{}: {}", database.native(), suffix, error.message()));
    }
    if (auto synced = sync_folder(folder_of(database)); !synced) return synced;
    step();
    if (::rename(marker.c_str(), database.c_str()) != 0) return fail_with_errno("cannot replace " + database.native());
    step();
    return sync_folder(folder_of(database));
}

/// A checked copy of the backup beside the database.
Result<void> copy_beside(const std::filesystem::path& backup, const std::filesystem::path& copy,
                         const BackupManifest& manifest) {
    if (auto made = make_private_file(copy); !made) return made;
    std::error_code error;
    std::filesystem::copy_file(backup, copy, std::filesystem::copy_options::overwrite_existing, error);
    if (error) return fail(fmt::format("cannot copy {} to {}: {}", backup.native(), copy.native(), error.message()));
    if (auto private_again = make_private_file(copy); !private_again) return private_again;
    if (auto synced = sync_file(copy); !synced) return synced;
    return check_against(copy, manifest);
}

}  // namespace

std::filesystem::path restoring_marker(const std::filesystem::path& database) {
    return beside(database, ".restoring");
}

Result<Restored> restore_in_steps(const std::filesystem::path& backup, const std::filesystem::path& database,
                                  const std::function<void()>& step) {
    const auto lock = FileLock::acquire(beside(database, ".lock"));
    if (!lock) return fail(lock.error().message, "stop rbees-orcd first");
    auto manifest = read_manifest(backup);
    if (!manifest) return std::unexpected(std::move(manifest.error()));
    const auto copy = beside(database, ".restore-copy");
    const auto marker = restoring_marker(database);
    std::error_code ignored;
    step();
    if (auto copied = copy_beside(backup, copy, *manifest); !copied) {
        std::filesystem::remove(copy, ignored);
        return std::unexpected(std::move(copied.error()));
    }
    auto aside = keep_old(database, step);
    if (!aside) {
        std::filesystem::remove(copy, ignored);
        return std::unexpected(std::move(aside.error()));
    }
    step();
    if (::rename(copy.c_str(), marker.c_str()) != 0) return fail_with_errno("cannot make " + marker.native());
    if (auto synced = sync_folder(folder_of(database)); !synced) return std::unexpected(std::move(synced.error()));
    if (auto replaced = replace(database, marker, step); !replaced) return std::unexpected(std::move(replaced.error()));
    return Restored{std::move(*manifest), std::move(*aside)};
}

Result<Restored> restore_backup(const std::filesystem::path& backup, const std::filesystem::path& database) {
    return restore_in_steps(backup, database, [] {});
}

}  // namespace rbees::store
