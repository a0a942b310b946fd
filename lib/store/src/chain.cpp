#include "chain.hpp"

#include <fmt/format.h>

#include <charconv>

#include "schema.hpp"

namespace rbees::store {
namespace {

constexpr std::string_view body_begin = R"({"sequence":)";
constexpr std::string_view body_middle = R"(,"hash":")";
constexpr std::string_view body_end = R"(","at":")";

// The predecessor of the oldest record is gone: the table has its hash.
constexpr std::string_view checkpoint_sql =
    "SELECT journal.at, journal.type, journal.version, journal.body, journal.hash, "
    "coalesce((SELECT hash FROM journal WHERE sequence = start.checkpoint - 1), start.before) "
    "FROM start JOIN journal ON journal.sequence = start.checkpoint";

constexpr std::string_view end_sql =
    "SELECT head.sequence, head.hash, coalesce((SELECT max(sequence) FROM journal), 0), journal.at, journal.type, "
    "journal.version, journal.body, coalesce((SELECT hash FROM journal WHERE sequence = head.sequence - 1), "
    "(SELECT before FROM start WHERE sequence = head.sequence)) "
    "FROM head LEFT JOIN journal ON journal.sequence = head.sequence";

using Problem = std::optional<std::string>;

std::unexpected<OpenError> refuse_damaged(const std::string& name, std::string what) {
    return std::unexpected(OpenError{OpenProblem::damaged,
                                     {fmt::format("the journal in {} is damaged: {}", name, std::move(what)),
                                      "restore a backup; keep this file, nothing in it was changed"}});
}

std::expected<JournalHead, OpenError> check_end(const Database& database, FieldHasher& hasher,
                                                const std::string& name) {
    auto row = database.prepare(end_sql);
    if (!row) return std::unexpected(to_open_error("read " + name, row.error()));
    const auto found = row->step();
    if (!found) return std::unexpected(to_open_error("read " + name, found.error()));
    if (!*found) return refuse_damaged(name, "its head is missing");
    const JournalHead head{static_cast<Sequence>(row->integer(0)), row->digest(1)};
    const auto last = static_cast<Sequence>(row->integer(2));
    if (last != head.sequence) {
        return refuse_damaged(name, fmt::format("it ends at record {}, its head says {}", last, head.sequence));
    }
    if (head.sequence == 0) return head;
    const WallTime at{std::chrono::milliseconds(row->integer(3))};
    const Record record{std::string(row->text(4)), static_cast<std::uint32_t>(row->integer(5)),
                        std::string(row->text(6))};
    if (chain_hash(hasher, row->digest(7), head.sequence, at, record) != head.hash) {
        return refuse_damaged(name, fmt::format("record {} does not follow from the one before it", head.sequence));
    }
    return head;
}

/// What the checkpoint stands for, unless it is none, or not what its hash says.
Sql<std::optional<JournalHead>> find_checkpoint(const Database& database, Sequence sequence, FieldHasher& hasher) {
    auto row = database.prepare(checkpoint_sql);
    if (!row) return std::unexpected(std::move(row.error()));
    const auto found = row->step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::nullopt;
    const WallTime at{std::chrono::milliseconds(row->integer(0))};
    const Record record{std::string(row->text(1)), static_cast<std::uint32_t>(row->integer(2)),
                        std::string(row->text(3))};
    if (chain_hash(hasher, row->digest(5), sequence, at, record) != row->digest(4)) return std::nullopt;
    return read_checkpoint(record);
}

/// The hash that record `sequence` has, or had if it is the last that was cut.
Sql<std::optional<Sha256Digest>> hash_of(const Database& database, Sequence sequence, const ChainStart& start) {
    if (sequence + 1 == start.first) return start.before;
    auto row = database.prepare("SELECT hash FROM journal WHERE sequence = ?");
    if (!row) return std::unexpected(std::move(row.error()));
    row->bind(std::int64_t(sequence));
    const auto found = row->step();
    if (!found) return std::unexpected(found.error());
    return *found ? std::optional(row->digest(0)) : std::nullopt;
}

}  // namespace

Sql<ChainStart> read_start(const Database& database) {
    auto row = database.prepare("SELECT sequence, before, checkpoint FROM start");
    if (!row) return std::unexpected(std::move(row.error()));
    const auto found = row->step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::unexpected(SqlError{SQLITE_CORRUPT, "it does not say where the journal begins"});
    return ChainStart{static_cast<Sequence>(row->integer(0)), row->digest(1), static_cast<Sequence>(row->integer(2))};
}

Record checkpoint_record(const JournalHead& last, WallTime at) {
    return {std::string(checkpoint_type), 1,
            fmt::format("{}{}{}{}{}{}\"}}", body_begin, last.sequence, body_middle, to_hex(last.hash), body_end,
                        to_rfc3339(at))};
}

std::optional<JournalHead> read_checkpoint(const Record& record) {
    if (record.type != checkpoint_type || record.version != 1 || !record.body.starts_with(body_begin)) return {};
    auto rest = std::string_view(record.body).substr(body_begin.size());
    JournalHead last;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), last.sequence);
    if (error != std::errc()) return {};
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    constexpr std::size_t hex_length = 2 * std::tuple_size_v<Sha256Digest>;
    if (!rest.starts_with(body_middle) || rest.size() < body_middle.size() + hex_length) return {};
    const auto digest = digest_of(rest.substr(body_middle.size(), hex_length));
    if (!digest) return {};
    last.hash = *digest;
    return last;
}

Sql<Problem> check_start(const Database& database, FieldHasher& hasher) {
    const auto start = read_start(database);
    if (!start) return std::unexpected(start.error());
    const auto oldest = database.integer("SELECT coalesce(min(sequence), (SELECT sequence FROM start)) FROM journal");
    if (!oldest) return std::unexpected(oldest.error());
    if (static_cast<Sequence>(*oldest) != start->first) {
        return fmt::format("the journal begins at record {}, but record {} should be its first", *oldest, start->first);
    }
    if (start->checkpoint == 0) {
        if (start->first == 1 && start->before == Sha256Digest{}) return Problem();
        return fmt::format("the journal begins at record {} and nothing vouches for that: its front was cut off",
                           start->first);
    }
    const auto last = find_checkpoint(database, start->checkpoint, hasher);
    if (!last) return std::unexpected(last.error());
    if (!*last) return fmt::format("record {} is not the checkpoint that it should be", start->checkpoint);
    const auto cut_through = (*last)->sequence;
    if (cut_through + 1 < start->first || cut_through >= start->checkpoint) {
        return fmt::format("the journal begins at record {}, but was cut up to record {} only: its front was cut off",
                           start->first, cut_through);
    }
    const auto hash = hash_of(database, cut_through, *start);
    if (!hash) return std::unexpected(hash.error());
    if (*hash == (*last)->hash) return Problem();
    return fmt::format("record {} is not the one that checkpoint {} vouches for", cut_through, start->checkpoint);
}

std::expected<JournalHead, OpenError> check_ends(const Database& database, FieldHasher& hasher,
                                                 const std::string& name) {
    auto head = check_end(database, hasher, name);
    if (!head) return head;
    const auto problem = check_start(database, hasher);
    if (!problem) return std::unexpected(to_open_error("read " + name, problem.error()));
    if (*problem) return refuse_damaged(name, **problem);
    return head;
}

}  // namespace rbees::store
