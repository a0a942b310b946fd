#include "rbees/store/reader.hpp"

#include <fmt/format.h>

#include "connection.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

constexpr std::string_view chunk_sql =
    "SELECT sequence, at, type, version, body, hash FROM journal WHERE sequence >= ? AND sequence <= ? "
    "ORDER BY sequence LIMIT ?";

StoredRecord record_of(const Statement& row) {
    return {static_cast<Sequence>(row.integer(0)),
            WallTime{std::chrono::milliseconds(row.integer(1))},
            {std::string(row.text(2)), static_cast<std::uint32_t>(row.integer(3)), std::string(row.text(4))},
            row.digest(5)};
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

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& path, const std::string& vfs) {
    const auto& name = path.native();
    auto database = Database::open(path, SQLITE_OPEN_READWRITE, vfs);
    if (!database) return std::unexpected(to_failure("open " + name, database.error()));
    // Read-write only so that SQLite may use the log's index; the connection itself refuses to write.
    if (auto set = database->execute("PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON");
        !set) {
        return std::unexpected(to_failure("prepare " + name, set.error()));
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

Result<void> Reader::replay(Sequence from, const std::function<void(const StoredRecord&)>& visit) {
    const auto head = connection_->database().integer("SELECT sequence FROM head");
    if (!head) return connection_->fail_with(head.error());
    const auto last = static_cast<Sequence>(*head);
    auto statement = connection_->database().prepare(chunk_sql);
    if (!statement) return connection_->fail_with(statement.error());
    // The predecessor of the first gives the hash to start from; it is read as the chain's first link, unchecked.
    Sequence next = from > 1 ? from - 1 : 1;
    Sha256Digest previous{};
    while (next <= last) {
        statement->bind(std::int64_t(next), std::int64_t(last), std::int64_t{limits::replay_rows});
        const ResetAtEnd reset(*statement);
        const auto chunk_end = std::min<Sequence>(last, next + limits::replay_rows - 1);
        for (; next <= chunk_end; ++next) {
            const auto has_row = statement->step();
            if (!has_row) return connection_->fail_with(has_row.error());
            const auto missing = !*has_row || statement->integer(0) != std::int64_t(next);
            if (missing) return connection_->fail_damaged(fmt::format("record {} is missing; the journal", next));
            const auto record = record_of(*statement);
            const auto hash = chain_hash(connection_->hasher(), previous, next, record.at, record.record);
            previous = record.hash;
            if (next < from) continue;
            if (hash != record.hash) return connection_->fail_damaged(fmt::format("record {}", next));
            visit(record);
        }
    }
    return {};
}

}  // namespace rbees::store
