#pragma once
/// @file
/// The journal as clients see it: its records, whether it is whole, and copies of it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>

#include "rbees/base/time.hpp"

namespace rbees::contracts {

/// A record of the journal. Prompts and answers are never in it: they lie beside the journal, and a record has a salted
/// digest of each.
struct AuditRecord {
    std::uint64_t sequence = 0;
    WallTime at{};
    std::string type;  ///< "job:queued"
    std::uint32_t version = 1;
    boost::json::value body;
    std::string hash;  ///< of the predecessor's hash and all of the above
};
BOOST_DESCRIBE_STRUCT(AuditRecord, (), (sequence, at, type, version, body, hash))

/// `GET /v2/audit?since=&limit=&type=`: records behind `since`, the newest last.
struct AuditPage {
    std::vector<AuditRecord> records;
    std::optional<std::uint64_t>
        next;  ///< `since` of the next page; absent at the end. A page may be empty and have one
};
BOOST_DESCRIBE_STRUCT(AuditPage, (), (records, next))

/// A record's place and hash: whoever keeps them elsewhere can tell later that the journal was not rewritten.
struct JournalMark {
    std::uint64_t sequence = 0;
    std::string hash;
};
BOOST_DESCRIBE_STRUCT(JournalMark, (), (sequence, hash))

/// `GET /v2/audit/verify`: what a check of everything found.
struct AuditReport {
    bool good = false;
    std::optional<std::string> problem;  ///< the first one, with the record, row or payload that it is about
    std::uint64_t first = 1;             ///< the oldest record; those before it were cut off when they were old
    std::uint64_t records = 0;           ///< good ones, from there on
    std::uint64_t entities = 0;
    std::uint64_t payloads = 0;
    JournalMark head;  ///< the last good record
};
BOOST_DESCRIBE_STRUCT(AuditReport, (), (good, problem, first, records, entities, payloads, head))

/// `POST /v2/backup`.
struct CreateBackup {
    std::string path;  ///< absolute, on the machine of rbees-orcd; nothing may be there
};
BOOST_DESCRIBE_STRUCT(CreateBackup, (), (path))

/// A backup, as its manifest says it.
struct Backup {
    std::string path;
    std::int64_t format = 0;  ///< of the database
    std::string program;      ///< the release that reads it
    JournalMark head;
    WallTime made_at{};
};
BOOST_DESCRIBE_STRUCT(Backup, (), (path, format, program, head, made_at))

}  // namespace rbees::contracts
