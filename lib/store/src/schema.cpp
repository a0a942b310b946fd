#include "schema.hpp"

#include <fmt/format.h>

#include <array>

namespace rbees::store {
namespace {

// Table `about` is read by older programs to name the release that they need: it may never change its form.
constexpr Migration first_form = R"sql(
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
    sequence INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,  -- milliseconds since 1970
    type     TEXT NOT NULL,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL,     -- JSON
    hash     BLOB NOT NULL      -- of the predecessor's hash and all columns before
) STRICT;

CREATE TABLE head (             -- one row: the end of the chain, so that a journal without its end is noticed
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    sequence INTEGER NOT NULL,
    hash     BLOB NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, zeroblob(32));

CREATE TABLE entity (
    kind       TEXT NOT NULL,
    id         TEXT NOT NULL,
    phase      INTEGER NOT NULL,  -- 0 live, 1 terminal
    status     TEXT NOT NULL,
    model      TEXT NOT NULL,
    owner      TEXT NOT NULL,
    parent     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,  -- of the last record of the batch that wrote the row
    json       TEXT NOT NULL,
    checksum   BLOB NOT NULL,
    UNIQUE (kind, id)
) STRICT;
CREATE INDEX entity_live      ON entity (kind, id) WHERE phase = 0;
CREATE INDEX entity_by_age    ON entity (kind, created_at, id);
CREATE INDEX entity_by_status ON entity (kind, status, created_at, id) WHERE status <> '';
CREATE INDEX entity_by_model  ON entity (kind, model, created_at, id) WHERE model <> '';
CREATE INDEX entity_by_owner  ON entity (kind, owner, created_at, id) WHERE owner <> '';
CREATE INDEX entity_by_parent ON entity (kind, parent, created_at, id) WHERE parent <> '';

CREATE TABLE payload (
    id       TEXT NOT NULL UNIQUE,
    salt     BLOB NOT NULL,
    bytes    BLOB NOT NULL,
    checksum BLOB NOT NULL
) STRICT;
)sql";

// Rows keep their checksums: see entity_checksum.
constexpr Migration second_form = R"sql(
ALTER TABLE entity ADD COLUMN due_at INTEGER;  -- milliseconds since 1970, or NULL: never
CREATE INDEX entity_by_due ON entity (kind, due_at, id) WHERE due_at IS NOT NULL;
)sql";

constexpr Migration third_form = R"sql(
CREATE TABLE start (            -- one row: where the chain begins, because older records were cut off
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    sequence   INTEGER NOT NULL,  -- of the oldest record
    before     BLOB NOT NULL,     -- hash of the record before it
    checkpoint INTEGER NOT NULL   -- sequence of the record that vouches for this; 0 while nothing was cut
) STRICT;
INSERT INTO start VALUES (1, 1, zeroblob(32), 0);
)sql";

constexpr std::array all_migrations = {first_form, second_form, third_form};

// secure_delete: erased text is overwritten, not only unlinked. cell_size_check: damaged pages are noticed earlier.
constexpr const char* writer_settings = R"sql(
PRAGMA synchronous = FULL;
PRAGMA mmap_size = 0;
PRAGMA cell_size_check = ON;
PRAGMA secure_delete = ON;
)sql";

std::expected<void, OpenError> refuse_foreign(const Database& database, std::int64_t version, std::int64_t known,
                                              const std::string& name) {
    const auto id = database.integer("PRAGMA application_id");
    const auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
    if (!id) return std::unexpected(to_open_error("read " + name, id.error()));
    if (!tables) return std::unexpected(to_open_error("read " + name, tables.error()));
    const bool is_empty = *tables == 0 && version == 0;
    if (!is_empty && *id != application_id) {
        return std::unexpected(
            OpenError{OpenProblem::damaged, {name + " is a database of another program", "choose another folder"}});
    }
    if (version <= known) return {};
    const auto needed = database.text("SELECT value FROM about WHERE key = 'program'");
    return std::unexpected(
        OpenError{OpenProblem::newer,
                  {fmt::format("{} has format {}, this program knows formats up to {}", name, version, known),
                   fmt::format("use rbees {} or newer", needed ? *needed : "of the release that wrote it")}});
}

std::expected<void, OpenError> set_up(const Database& database, const std::string& name) {
    const auto mode = database.text("PRAGMA journal_mode = WAL");
    if (!mode) return std::unexpected(to_open_error("prepare " + name, mode.error()));
    if (*mode != "wal") {
        return std::unexpected(OpenError{
            OpenProblem::unavailable,
            {fmt::format("{} cannot be in WAL mode (it is in {})", name, *mode), "put it on a local file system"}});
    }
    const auto set = database.execute(writer_settings);
    if (!set) return std::unexpected(to_open_error("prepare " + name, set.error()));
    return {};
}

/// One step, whole or not at all.
Sql<void> take_step(const Database& database, Migration step, std::size_t version, const std::string& program_version) {
    const auto numbers = fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", application_id, version);
    if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return begun;
    auto done = database.execute(step);
    if (done) done = database.execute(numbers.c_str());
    if (done) {
        auto about = database.prepare("INSERT INTO about VALUES ('program', ?1) ON CONFLICT DO UPDATE SET value = ?1");
        done = about ? about->run(std::string_view(program_version)) : Sql<void>(std::unexpected(about.error()));
    }
    if (done) done = database.execute("COMMIT");
    if (!done && sqlite3_get_autocommit(database.get()) == 0) (void)database.execute("ROLLBACK");
    return done;
}

}  // namespace

std::uint32_t journal_format() {
    return static_cast<std::uint32_t>(migrations().size());
}

std::span<const Migration> migrations() {
    return all_migrations;
}

std::expected<void, OpenError> bring_up_to_date(const Database& database, std::span<const Migration> steps,
                                                const std::string& program_version, const std::string& name) {
    const auto version = database.integer("PRAGMA user_version");
    if (!version) return std::unexpected(to_open_error("read " + name, version.error()));
    if (auto ours = refuse_foreign(database, *version, std::ssize(steps), name); !ours) return ours;
    if (auto ready = set_up(database, name); !ready) return ready;
    for (auto done = static_cast<std::size_t>(*version); done < steps.size(); ++done) {
        const auto taken = take_step(database, steps[done], done + 1, program_version);
        if (!taken) {
            const auto what = fmt::format("bring {} to format {}", name, done + 1);
            return std::unexpected(to_open_error(what, taken.error()));
        }
    }
    return {};
}

OpenError to_open_error(std::string_view what, const SqlError& error) {
    if (!error.is_damage()) return {OpenProblem::unavailable, to_failure(what, error)};
    auto failure = to_failure(what, error);
    failure.remedy = "restore a backup; keep this file, nothing in it was changed";
    return {OpenProblem::damaged, std::move(failure)};
}

}  // namespace rbees::store
