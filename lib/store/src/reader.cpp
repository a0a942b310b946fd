#include "rbees/store/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "chain.hpp"
#include "connection.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/store/limits.hpp"
#include "schema.hpp"

namespace rbees::store {
namespace {

constexpr std::string_view chunk_sql =
    "SELECT sequence, at, type, version, body, hash FROM journal WHERE sequence >= ? AND sequence <= ? "
    "ORDER BY sequence LIMIT ?";

// The hash of the record before comes with each; of the oldest one's the table has it.
constexpr std::string_view page_sql =
    "SELECT journal.sequence, at, type, version, body, hash, coalesce((SELECT hash FROM journal AS other "
    "WHERE other.sequence = journal.sequence - 1), start.before) FROM journal, start "
    "WHERE journal.sequence > ?1 AND journal.sequence <= ?2 ORDER BY journal.sequence";
constexpr std::string_view page_of_type_sql =
    "SELECT journal.sequence, at, type, version, body, hash, coalesce((SELECT hash FROM journal AS other "
    "WHERE other.sequence = journal.sequence - 1), start.before) FROM journal, start "
    "WHERE journal.sequence > ?1 AND journal.sequence <= ?2 AND type = ?3 ORDER BY journal.sequence";

StoredRecord record_of(const Statement& row) {
    return {static_cast<Sequence>(row.integer(0)),
            WallTime{std::chrono::milliseconds(row.integer(1))},
            {std::string(row.text(2)), static_cast<std::uint32_t>(row.integer(3)), std::string(row.text(4))},
            row.digest(5)};
}

/// Opens it and reads its first page, which also opens the log.
Sql<Database> open_and_try(const std::filesystem::path& path, int flags, const std::string& vfs) {
    auto database = Database::open(path, flags, vfs);
    if (!database) return database;
    const auto set = database->execute("PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON");
    if (!set) return std::unexpected(set.error());
    const auto read = database->integer("PRAGMA user_version");
    if (!read) return std::unexpected(read.error());
    return database;
}

/// Whether the error may mean that the log or its index could not be made.
bool may_be_unwritable(const SqlError& error) {
    const int code = error.code & 0xff;
    return code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_IOERR || code == SQLITE_FULL;
}

bool has_log(const std::filesystem::path& path) {
    auto log = path;
    log += "-wal";
    std::error_code is_absent;
    return std::filesystem::file_size(log, is_absent) != 0 && !is_absent;
}

/// As of sqlite.org/uri.html: the file by itself, without log, index or locks.
std::string immutable_uri(const std::filesystem::path& path) {
    std::string uri = "file:";
    for (const char letter : std::filesystem::absolute(path).native()) {
        if (letter == '%' || letter == '?' || letter == '#') {
            uri += fmt::format("%{:02X}", static_cast<unsigned char>(letter));
        } else {
            uri += letter;
        }
    }
    return uri + "?immutable=1";
}

WallTime wall_time(std::int64_t milliseconds) {
    return WallTime{std::chrono::milliseconds(milliseconds)};
}

}  // namespace

std::optional<EntityRow> entity_of(const Statement& row, FieldHasher& hasher) {
    EntityRow found{{.kind = std::string(row.text(0)),
                     .id = std::string(row.text(1)),
                     .phase = row.integer(2) == 0 ? EntityPhase::live : EntityPhase::terminal,
                     .status = std::string(row.text(3)),
                     .model = std::string(row.text(4)),
                     .owner = std::string(row.text(5)),
                     .parent = std::string(row.text(6)),
                     .created_at = wall_time(row.integer(7)),
                     .due_at = row.is_null(11) ? std::nullopt : std::optional(wall_time(row.integer(11))),
                     .json = std::string(row.text(9))},
                    static_cast<Sequence>(row.integer(8))};
    if (entity_checksum(hasher, found.entity, found.sequence) != row.digest(10)) return std::nullopt;
    return found;
}

Reader::Reader(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Reader::~Reader() = default;

Sql<Database> open_to_read(const std::filesystem::path& path, const std::string& vfs) {
    // Read-write only so that SQLite may use the log's index; the connection itself refuses to write.
    auto database = open_and_try(path, SQLITE_OPEN_READWRITE, vfs);
    if (database || !may_be_unwritable(database.error()) || has_log(path)) return database;
    auto alone = open_and_try(immutable_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, vfs);
    return alone ? std::move(alone) : std::move(database);
}

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& path, const std::string& vfs) {
    const auto& name = path.native();
    auto database = open_to_read(path, vfs);
    if (!database) return std::unexpected(to_failure("open " + name, database.error()));
    const auto format = database->integer("PRAGMA user_version");
    if (!format) return std::unexpected(to_failure("read " + name, format.error()));
    if (const auto known = std::ssize(migrations()); *format != known) {
        return fail(fmt::format("{} has format {}, this program reads format {}", name, *format, known),
                    *format < known ? "start rbees-orcd of this release on it once" : "use a newer release of rbees");
    }
    return std::unique_ptr<Reader>(new Reader(std::make_unique<Connection>(std::move(*database), name)));
}

Result<std::vector<EntityRow>> Reader::live_entities(std::string_view kind) {
    auto statement = connection_->database().prepare(
        fmt::format("SELECT {} FROM entity WHERE kind = ? AND phase = 0 ORDER BY id", entity_columns));
    if (!statement) return connection_->fail_with(statement.error());
    statement->bind(kind);
    std::vector<EntityRow> rows;
    while (true) {
        const auto has_row = statement->step();
        if (!has_row) return connection_->fail_with(has_row.error());
        if (!*has_row) return rows;
        auto row = entity_of(*statement, connection_->hasher());
        if (!row) return connection_->fail_damaged(fmt::format("{} {}", kind, statement->text(1)));
        rows.push_back(std::move(*row));
    }
}

Result<std::optional<EntityRow>> Reader::entity(std::string_view kind, std::string_view id) {
    auto statement =
        connection_->database().prepare(fmt::format("SELECT {} FROM entity WHERE kind = ? AND id = ?", entity_columns));
    if (!statement) return connection_->fail_with(statement.error());
    statement->bind(kind, id);
    const auto has_row = statement->step();
    if (!has_row) return connection_->fail_with(has_row.error());
    if (!*has_row) return std::nullopt;
    auto row = entity_of(*statement, connection_->hasher());
    if (!row) return connection_->fail_damaged(fmt::format("{} {}", kind, id));
    return row;
}

Result<void> Reader::Connection::replay_chunk(ChainPlace& place, Sequence from, Sequence last, const Visit& visit) {
    auto statement = database_.prepare(chunk_sql);
    if (!statement) return fail_with(statement.error());
    const auto first = place.next;
    statement->bind(std::int64_t(first), std::int64_t(last), std::int64_t{limits::replay_rows});
    const auto chunk_last = std::min<Sequence>(last, first + limits::replay_rows - 1);
    for (; place.next <= chunk_last; ++place.next) {
        const auto has_row = statement->step();
        if (!has_row) return fail_with(has_row.error());
        const bool is_missing = !*has_row || statement->integer(0) != std::int64_t(place.next);
        if (is_missing && place.next == first) return {};
        if (is_missing) return fail_missing(place.next);
        const auto record = record_of(*statement);
        const auto hash = chain_hash(hasher_, place.previous, place.next, record.at, record.record);
        place.previous = record.hash;
        if (place.next < from) continue;
        if (hash != record.hash) return fail_damaged(fmt::format("record {}", place.next));
        visit(record);
    }
    return {};
}

Result<void> Reader::replay(Sequence from, const std::function<void(const StoredRecord&)>& visit) {
    const auto& database = connection_->database();
    const auto head = database.integer("SELECT sequence FROM head");
    if (!head) return connection_->fail_with(head.error());
    const auto last = static_cast<Sequence>(*head);
    auto start = read_start(database);
    if (!start) return connection_->fail_with(start.error());
    // The predecessor of the first gives the hash to start from; it is read as the chain's first link, unchecked.
    ChainPlace place{start->first, start->before};
    if (from > start->first) place = {from - 1, {}};
    while (place.next <= last) {
        const auto before = place.next;
        if (auto done = connection_->replay_chunk(place, from, last, visit); !done) return done;
        if (place.next != before) continue;
        // It is not there: a cut came past meanwhile, or somebody took it.
        start = read_start(database);
        if (!start) return connection_->fail_with(start.error());
        if (start->first <= before) return connection_->fail_missing(before);
        place = {start->first, start->before};
    }
    return {};
}

Result<RecordPage> Reader::records(const RecordFilter& filter, std::size_t limit) {
    RBEES_ASSERT(limit >= 1 && limit <= limits::page_rows_max);
    const auto& database = connection_->database();
    const auto head = database.integer("SELECT sequence FROM head");
    if (!head) return connection_->fail_with(head.error());
    const auto start = read_start(database);
    if (!start) return connection_->fail_with(start.error());
    const auto after = std::max(filter.after, start->first - 1);
    const auto scanned = std::min(static_cast<Sequence>(*head), after + limits::records_scanned_max);
    auto row = database.prepare(filter.type ? page_of_type_sql : page_sql);
    if (!row) return connection_->fail_with(row.error());
    row->bind(std::int64_t(after), std::int64_t(scanned));
    if (filter.type) row->bind_at(3, std::string_view(*filter.type));
    RecordPage page;
    Bytes size;
    auto reached = after;
    while (true) {
        const auto has_row = row->step();
        if (!has_row) return connection_->fail_with(has_row.error());
        if (!*has_row) reached = scanned;
        if (!*has_row) break;
        auto record = record_of(*row);
        size += Bytes(record.record.body.size());
        if (page.records.size() == limit || (!page.records.empty() && size > limits::records_read_max)) break;
        const auto hash = chain_hash(connection_->hasher(), row->digest(6), record.sequence, record.at, record.record);
        if (hash != record.hash) return connection_->fail_damaged(fmt::format("record {}", record.sequence));
        reached = record.sequence;
        page.records.push_back(std::move(record));
    }
    if (reached < static_cast<Sequence>(*head)) page.next = reached;
    return page;
}

}  // namespace rbees::store
