#include <fmt/format.h>

#include "connection.hpp"

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

}  // namespace

VerifyReport Reader::verify(const std::optional<JournalHead>& known) {
    VerifyReport report;
    std::optional<Sha256Digest> at_known;
    const auto replayed = replay(1, [&](const StoredRecord& record) {
        report.records += 1;
        report.head = {record.sequence, record.hash};
        if (known && known->sequence == record.sequence) at_known = record.hash;
    });
    if (!replayed) report.first_problem = replayed.error().message;
    if (!report.first_problem && known) report.first_problem = check_known(*known, report.head, at_known);
    const auto& database = connection_->database();
    auto& hasher = connection_->hasher();

    if (!report.first_problem) {
        report.first_problem = check_rows(database, "SELECT sequence, hash FROM head", [&](const Statement& row) {
            const JournalHead stored{static_cast<Sequence>(row.integer(0)), row.digest(1)};
            // Commits that came during the replay moved the stored head on.
            const bool is_same = stored == report.head || stored.sequence > report.head.sequence;
            return is_same ? Problem() : "the journal's head does not fit its last record";
        });
    }
    if (!report.first_problem) {
        const auto sql = fmt::format("SELECT {} FROM entity", entity_columns);
        report.first_problem = check_rows(database, sql, [&](const Statement& row) {
            report.entities += 1;
            if (entity_of(row, hasher)) return Problem();
            return Problem(fmt::format("{} {} is damaged", row.text(0), row.text(1)));
        });
    }
    if (!report.first_problem) {
        const auto sql = "SELECT id, salt, bytes, checksum FROM payload";
        report.first_problem = check_rows(database, sql, [&](const Statement& row) {
            report.payloads += 1;
            if (payload_of(row, hasher)) return Problem();
            return Problem(fmt::format("payload {} is damaged", row.text(0)));
        });
    }
    return report;
}

}  // namespace rbees::store
