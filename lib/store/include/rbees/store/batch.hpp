#pragma once
/// @file
/// What goes into the store in one commit: records, the entity rows they touched, and payloads.
///
/// Values only, made by the caller and stored as they are. Bodies are JSON bytes that the caller wrote; the store never
/// reads them. Text that may have to be erased (prompts, token text, tool output) travels as a payload, never in a
/// body: the record then carries its `salted_sha256`, and the chain stays verifiable when the text is gone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/hash.hpp"
#include "rbees/base/time.hpp"

namespace rbees::store {

/// Counts records from 1 without a gap. 0 stands for "before the first".
using Sequence = std::uint64_t;

/// What became true. `type` and `version` say how to read `body`. Types that begin with "journal:" are the store's own.
struct Record {
    std::string type;           ///< "job:queued"
    std::uint32_t version = 1;  ///< of the body's form
    std::string body;           ///< JSON

    bool operator==(const Record&) const = default;
};

/// Whether recovery loads the entity (live), only lists show it (terminal), or its row is deleted (erased).
enum class EntityPhase : std::uint8_t { live = 0, terminal = 1, erased = 2 };

/// The new state of one entity, whole. The columns beside the JSON are those that lists filter and sort by; one that
/// means nothing for a kind stays empty. Of an `erased` one only kind and id are read.
struct EntityChange {
    std::string kind;  ///< "job", "worker", "node"
    std::string id;
    EntityPhase phase = EntityPhase::live;
    std::string status;
    std::string model;
    std::string owner;
    std::string parent;              ///< what it belongs to: a task's session, a call's run
    WallTime created_at{};           ///< of the entity, not of this change; lists go by it, so it must never change
    std::optional<WallTime> due_at;  ///< when housekeeping must look at it next; none = never
    std::string json;

    bool operator==(const EntityChange&) const = default;
};

/// Text beside the journal. Writing an id again replaces it.
struct PayloadWrite {
    std::string id;
    std::string salt;  ///< random, at least 16 bytes; leaves with the text, so that the digest tells nothing afterwards
    std::string bytes;

    bool operator==(const PayloadWrite&) const = default;
};

/// Who may still write when the disk is nearly full.
enum class Admission : std::uint8_t {
    ordinary,  ///< new work: not below the watermark
    progress,  ///< work that was accepted goes on: below the watermark too, but never out of the reserve
    closing,   ///< what ends work and frees resources: terminal records, cancels, lease ends
};

/// All of it lands in one commit, or nothing does.
struct Batch {
    WallTime at{};  ///< when it was decided; every record of the batch gets it
    Admission admission = Admission::ordinary;
    std::vector<Record> records;
    std::vector<EntityChange> entities;
    std::vector<PayloadWrite> payloads;
    std::vector<std::string> erased_payloads;  ///< ids; an absent one is no error
    /// Everything whose id begins so goes, what this batch writes included. Never empty, and it ends with an ASCII
    /// character below 0x7f. "job/1/" does not reach "job/12/": end it with the separator.
    std::vector<std::string> erased_payload_prefixes;
};

}  // namespace rbees::store
