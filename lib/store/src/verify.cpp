#include <fmt/format.h>

#include "chain.hpp"
#include "connection.hpp"
#include "kept_head.hpp"

namespace rbees::store {
namespace {

using Problem = std::optional<std::string>;

/// Steps through the statement's rows; `check` names what is wrong with one.
template <class Check>
Problem check_rows(const Database& database, const std::string& sql, const Check& check) {
    auto statement = database.prepare(sql);
    if (!statement) return to_failure("read it", statement.error()).message;
    while (true) {
        const auto has_row = statement->step();
        if (!has_row) return to_failure("read it", has_row.error()).message;
        if (!*has_row) return std::nullopt;
        if (auto problem = check(*statement)) return problem;
    }
}

/// Whether the chain passes through a head that was seen before.
Problem check_known(const JournalHead& known, const JournalHead& head, const std::optional<Sha256Digest>& at_known) {
    if (known.sequence > head.sequence) {
        return fmt::format("the journal ends at record {}, but record {} was there before: its end was cut off",
                           head.sequence, known.sequence);
    }
    if (at_known && *at_known != known.hash) {
        return fmt::format("record {} is not the one that was there before: the journal was rewritten", known.sequence);
    }
    return std::nullopt;
}

/// Whether the chain begins where it may, as of one moment.
Problem check_front(const Database& database, FieldHasher& hasher) {
    if (auto begun = database.execute("BEGIN"); !begun) return to_failure("read it", begun.error()).message;
    auto problem = check_start(database, hasher);
    if (auto ended = database.execute("COMMIT"); !ended) return to_failure("read it", ended.error()).message;
    return problem ? std::move(*problem) : to_failure("read it", problem.error()).message;
}

/// Whether the head is that of the chain that was read. Commits that came during the reading moved it on.
Problem check_head(const Database& database, const JournalHead& read) {
    bool is_there = false;
    const auto sql = "SELECT sequence, hash, coalesce((SELECT max(sequence) FROM journal), 0) FROM head";
    auto problem = check_rows(database, sql, [&](const Statement& row) -> Problem {
        is_there = true;
        const JournalHead stored{static_cast<Sequence>(row.integer(0)), row.digest(1)};
        if (row.integer(2) != row.integer(0)) {
            return fmt::format("the journal ends at record {}, its head says {}", row.integer(2), row.integer(0));
        }
        if (stored == read || stored.sequence > read.sequence) return std::nullopt;
        return "the journal's head does not fit its last record";
    });
    if (!problem && !is_there) problem = "the journal's head is missing";
    return problem;
}

/// Each row is as it was written, by a record that is there or was cut off because it was old.
Problem check_entities(const Database& database, FieldHasher& hasher, std::uint64_t& count) {
    const auto sql = fmt::format("SELECT {}, (SELECT sequence FROM head) FROM entity", entity_columns);
    return check_rows(database, sql, [&](const Statement& row) -> Problem {
        count += 1;
        if (!entity_of(row, hasher)) return fmt::format("{} {} is damaged", row.text(0), row.text(1));
        constexpr int sequence_column = 8;
        constexpr int head_column = 12;
        if (row.integer(sequence_column) <= row.integer(head_column)) return std::nullopt;
        return fmt::format("{} {} was written by record {}, but the journal ends at {}: its end was cut off",
                           row.text(0), row.text(1), row.integer(sequence_column), row.integer(head_column));
    });
}

Problem check_payloads(const Database& database, FieldHasher& hasher, std::uint64_t& count) {
    const auto sql = "SELECT id, salt, bytes, checksum FROM payload";
    return check_rows(database, sql, [&](const Statement& row) -> Problem {
        count += 1;
        if (payload_of(row, hasher)) return std::nullopt;
        return fmt::format("payload {} is damaged", row.text(0));
    });
}

/// An index that lost a row would hide it from whoever looks by that index.
Problem check_indexes(const Database& database) {
    return check_rows(database, "PRAGMA integrity_check(1)", [](const Statement& row) -> Problem {
        if (row.text(0) == "ok") return std::nullopt;
        return fmt::format("the database is damaged: {}", row.text(0));
    });
}

}  // namespace

VerifyReport Reader::verify(const std::optional<JournalHead>& known, const std::stop_token& stop) {
    VerifyReport report;
    // Read before the database, which may go on meanwhile.
    const auto seen = known ? known : read_kept_head(connection_->name());
    std::optional<Sha256Digest> at_known;
    const auto& database = connection_->database();
    auto& hasher = connection_->hasher();
    auto& problem = report.first_problem;
    connection_->stop_with(stop);
    problem = check_front(database, hasher);
    if (problem) return report;
    const auto replayed = replay(1, [&](const StoredRecord& record) {
        if (report.records == 0) report.first = record.sequence;
        report.records += 1;
        report.head = {record.sequence, record.hash};
        if (seen && seen->sequence == record.sequence) at_known = record.hash;
    });
    if (!replayed) problem = replayed.error().message;
    if (!problem && seen) problem = check_known(*seen, report.head, at_known);
    if (!problem) problem = check_head(database, report.head);
    if (!problem) problem = check_entities(database, hasher, report.entities);
    if (!problem) problem = check_payloads(database, hasher, report.payloads);
    if (!problem) problem = check_indexes(database);
    return report;
}

}  // namespace rbees::store
