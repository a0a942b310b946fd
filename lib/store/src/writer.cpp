#include "writer.hpp"

#include <fmt/format.h>

#include <array>

#include "chain.hpp"
#include "connection.hpp"
#include "rbees/store/limits.hpp"
#include "schema.hpp"

namespace rbees::store {
namespace {

constexpr std::string_view insert_record_sql =
    "INSERT INTO journal (sequence, at, type, version, body, hash) VALUES (?, ?, ?, ?, ?, ?)";

constexpr std::string_view move_head_sql = "UPDATE head SET sequence = ?, hash = ?";

// Most changes leave the columns of these indexes as they were. Naming those columns in SET would rewrite the index
// entries all the same, so the common change has a statement of its own.
constexpr std::string_view update_entity_sql =
    "UPDATE entity SET phase = ?3, status = ?4, sequence = ?9, json = ?10, checksum = ?11 "
    "WHERE kind = ?1 AND id = ?2 AND model = ?5 AND owner = ?6 AND parent = ?7 AND created_at = ?8 AND due_at IS ?12";

constexpr std::string_view put_entity_sql =
    "INSERT INTO entity (kind, id, phase, status, model, owner, parent, created_at, sequence, json, checksum, due_at) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (kind, id) DO UPDATE SET phase = ?3, "
    "status = ?4, model = ?5, owner = ?6, parent = ?7, created_at = ?8, sequence = ?9, json = ?10, checksum = ?11, "
    "due_at = ?12";

constexpr std::string_view put_payload_sql =
    "INSERT INTO payload (id, salt, bytes, checksum) VALUES (?1, ?2, ?3, ?4) "
    "ON CONFLICT (id) DO UPDATE SET salt = ?2, bytes = ?3, checksum = ?4";

int remember_log_pages(void* pages, sqlite3*, const char*, int count) {
    *static_cast<int*>(pages) = count;
    return SQLITE_OK;
}

}  // namespace

std::expected<std::unique_ptr<Writer>, OpenError> Writer::open(const std::filesystem::path& path,
                                                               const std::string& vfs,
                                                               const std::string& program_version) {
    const auto& name = path.native();
    auto database = Database::open(path, SQLITE_OPEN_READWRITE, vfs);
    if (!database) return std::unexpected(to_open_error("open " + name, database.error()));
    if (auto ready = bring_up_to_date(*database, migrations(), program_version, name); !ready) {
        return std::unexpected(std::move(ready.error()));
    }
    std::unique_ptr<Writer> writer(new Writer(std::move(*database)));
    if (auto prepared = writer->prepare(); !prepared) {
        return std::unexpected(to_open_error("prepare " + name, prepared.error()));
    }
    if (auto loaded = writer->load(name); !loaded) return std::unexpected(std::move(loaded.error()));
    if (auto written = writer->try_to_write(); !written) {
        return std::unexpected(to_open_error("write to " + name, written.error()));
    }
    // What recovery found in the log goes into the database before anything rests on it.
    if (auto copied = writer->truncate_log(); !copied) {
        return std::unexpected(to_open_error("checkpoint " + name, copied.error()));
    }
    return writer;
}

Sql<void> Writer::prepare() {
    sqlite3_wal_hook(database_.get(), remember_log_pages, &log_pages_);
    const std::array<std::pair<Statement*, std::string_view>, 13> statements = {{
        {&begin_, "BEGIN IMMEDIATE"},
        {&commit_, "COMMIT"},
        {&insert_record_, insert_record_sql},
        {&move_head_, move_head_sql},
        {&update_entity_, update_entity_sql},
        {&put_entity_, put_entity_sql},
        {&delete_entity_, "DELETE FROM entity WHERE kind = ? AND id = ?"},
        {&put_payload_, put_payload_sql},
        {&delete_payload_, "DELETE FROM payload WHERE id = ?"},
        {&delete_payloads_, "DELETE FROM payload WHERE id >= ? AND id < ?"},
        {&name_checkpoint_, "UPDATE start SET checkpoint = ?"},
        {&cut_front_, "DELETE FROM journal WHERE sequence < ?"},
        {&move_start_, "UPDATE start SET sequence = ?, before = ?"},
    }};
    for (const auto& [statement, sql] : statements) {
        auto prepared = database_.prepare(sql);
        if (!prepared) return std::unexpected(std::move(prepared.error()));
        *statement = std::move(*prepared);
    }
    return {};
}

std::expected<void, OpenError> Writer::load(const std::string& name) {
    const auto head = check_ends(database_, hasher_, name);
    if (!head) return std::unexpected(head.error());
    if (auto lacking = check_kept_head(name, *head)) {
        return std::unexpected(OpenError{OpenProblem::damaged, std::move(*lacking)});
    }
    kept_head_.emplace(name);
    head_ = *head;
    if (auto loaded = load_cut(); !loaded) return std::unexpected(to_open_error("read " + name, loaded.error()));
    return {};
}

Sql<void> Writer::try_to_write() {
    // Counts openings: what changes nothing, SQLite does not write.
    const auto written = database_.execute(
        "BEGIN IMMEDIATE; INSERT INTO about VALUES ('openings', 1) ON CONFLICT (key) DO UPDATE SET value = value + 1; "
        "COMMIT");
    if (written) return {};
    roll_back();
    // Room comes back by itself, and the reserve may be enough until then.
    if (written.error().is_full()) return {};
    return written;
}

Sql<void> Writer::begin_transaction() {
    next_head_ = head_;
    next_cut_ = cut_;
    erases_now_ = false;
    return begin_.run();
}

Sql<std::vector<Commit>> Writer::write(std::span<const Pending> group) {
    if (auto begun = begin_transaction(); !begun) return std::unexpected(std::move(begun.error()));
    std::vector<Commit> commits;
    commits.reserve(group.size());
    for (const auto& pending : group) {
        const auto first = next_head_.sequence + 1;
        if (auto written = write_batch(pending.batch); !written) {
            roll_back();
            return std::unexpected(std::move(written.error()));
        }
        commits.push_back({first, next_head_.sequence});
    }
    if (next_head_.sequence == head_.sequence) return commits;
    if (auto moved = move_head_.run(std::int64_t(next_head_.sequence), blob(next_head_.hash)); !moved) {
        roll_back();
        return std::unexpected(std::move(moved.error()));
    }
    return commits;
}

Sql<void> Writer::write_batch(const Batch& batch) {
    Sql<void> done;
    for (const auto& record : batch.records) {
        if (done) done = write_record(batch, record);
    }
    for (const auto& entity : batch.entities) {
        if (done) done = write_entity(entity);
    }
    for (const auto& payload : batch.payloads) {
        if (done) done = write_payload(payload);
    }
    for (const auto& id : batch.erased_payloads) {
        if (done) done = erase_payload(id);
    }
    for (const auto& prefix : batch.erased_payload_prefixes) {
        if (done) done = erase_payloads(prefix);
    }
    return done;
}

Sql<void> Writer::write_record(const Batch& batch, const Record& record) {
    const auto sequence = next_head_.sequence + 1;
    next_head_ = {sequence, chain_hash(hasher_, next_head_.hash, sequence, batch.at, record)};
    return insert_record_.run(std::int64_t(sequence), std::int64_t(batch.at.time_since_epoch().count()),
                              std::string_view(record.type), std::int64_t{record.version},
                              std::string_view(record.body), blob(next_head_.hash));
}

Sql<void> Writer::write_entity(const EntityChange& entity) {
    const std::string_view kind = entity.kind;
    const std::string_view id = entity.id;
    if (entity.phase == EntityPhase::erased) return delete_entity_.run(kind, id);
    const auto checksum = entity_checksum(hasher_, entity, next_head_.sequence);
    std::optional<std::int64_t> due_at;
    if (entity.due_at) due_at = entity.due_at->time_since_epoch().count();
    const auto put_with = [&](Statement& statement) {
        return statement.run(kind, id, static_cast<std::int64_t>(entity.phase), std::string_view(entity.status),
                             std::string_view(entity.model), std::string_view(entity.owner),
                             std::string_view(entity.parent),
                             std::int64_t(entity.created_at.time_since_epoch().count()),
                             std::int64_t(next_head_.sequence), std::string_view(entity.json), blob(checksum), due_at);
    };
    auto updated = put_with(update_entity_);
    if (!updated || sqlite3_changes64(database_.get()) != 0) return updated;
    return put_with(put_entity_);
}

Sql<void> Writer::write_payload(const PayloadWrite& payload) {
    return put_payload_.run(std::string_view(payload.id), Blob{payload.salt}, Blob{payload.bytes},
                            blob(payload_checksum(hasher_, payload)));
}

Sql<void> Writer::erase_payload(const std::string& id) {
    erases_now_ = true;
    return delete_payload_.run(std::string_view(id));
}

Sql<void> Writer::erase_payloads(const std::string& prefix) {
    erases_now_ = true;
    const auto end = end_of_prefix(prefix);
    return delete_payloads_.run(std::string_view(prefix), std::string_view(end));
}

void Writer::roll_back() {
    // Some errors have rolled back already; and what cannot be rolled back was never committed, so closing does it.
    if (sqlite3_get_autocommit(database_.get()) == 0) (void)database_.execute("ROLLBACK");
}

Sql<void> Writer::commit() {
    if (auto committed = commit_.run(); !committed) return committed;
    if (next_head_.sequence != head_.sequence) kept_head_->write(next_head_);
    head_ = next_head_;
    cut_ = next_cut_;
    erased_since_truncation_ = erased_since_truncation_ || erases_now_;
    return {};
}

Sql<void> Writer::checkpoint() {
    return run_checkpoint(SQLITE_CHECKPOINT_PASSIVE);
}

Sql<void> Writer::truncate_log() {
    // Waiting for a reader here would make every writer wait.
    sqlite3_busy_timeout(database_.get(), 0);
    auto truncated = run_checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
    sqlite3_busy_timeout(database_.get(), static_cast<int>(limits::lock_wait.count()));
    if (truncated) {
        log_pages_ = 0;
        erased_since_truncation_ = false;
    }
    if (!truncated && (truncated.error().code & 0xff) == SQLITE_BUSY) return {};
    return truncated;
}

Sql<void> Writer::run_checkpoint(int mode) {
    const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, mode, nullptr, nullptr);
    if (code == SQLITE_OK) return {};
    return std::unexpected(SqlError{code, sqlite3_errmsg(database_.get())});
}

}  // namespace rbees::store
