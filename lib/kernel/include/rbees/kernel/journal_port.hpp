#pragma once
/// @file
/// What the kernel needs of a journal: one atomic batch after another, each reported when it is on disk.
///
/// The types mirror those of the store without knowing it: the kernel sees no adapter. `store` stands behind this port
/// in rbees-orcd, a list in tests.

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/time.hpp"

namespace rbees::kernel {

/// A record's written form.
struct RecordText {
    std::string type;  ///< "worker:created"
    std::uint32_t version = 1;
    std::string body;  ///< JSON

    bool operator==(const RecordText&) const = default;
};

/// Whether recovery loads an entity, only lists show it, or its row goes.
enum class RowPhase : std::uint8_t { live, terminal, erased };

/// An entity as the batch leaves it.
struct EntityRow {
    std::string kind;  ///< "node", "worker", "model", "token", "job", "submission"
    std::string id;
    RowPhase phase = RowPhase::live;
    std::string status;
    std::string model;
    std::string owner;
    std::string parent;  ///< a job's session
    WallTime created_at{};
    std::optional<WallTime> due_at;  ///< from when on housekeeping may ask for it: a job's end, while its text is there
    std::string json;

    bool operator==(const EntityRow&) const = default;
};

/// Text beside the journal; see orchestrator_core/job.hpp.
struct PayloadText {
    std::string id;
    std::string salt;
    std::string bytes;

    bool operator==(const PayloadText&) const = default;
};

/// Who may still write when the disk is nearly full: what begins something stops first, what goes on stops before the
/// reserve is touched, what ends something is taken last.
enum class Urgency : std::uint8_t { ordinary, progress, closing };

struct JournalBatch {
    WallTime at{};
    Urgency urgency = Urgency::ordinary;
    std::vector<RecordText> records;
    std::vector<EntityRow> entities;
    std::vector<PayloadText> payloads;
    std::vector<std::string> erased;  ///< prefixes: every payload whose id begins so goes
};

enum class JournalRefusal : std::uint8_t {
    full,       ///< no space for batches of this urgency
    read_only,  ///< it could only be opened for reading
    busy,       ///< too many batches wait
    stopped,    ///< the journal closes or failed
};

/// A port. Called by the kernel's thread; the callback comes back on the kernel's thread, in the order of the calls.
class JournalPort {
  public:
    JournalPort() = default;
    JournalPort(const JournalPort&) = delete;
    JournalPort& operator=(const JournalPort&) = delete;
    virtual ~JournalPort() = default;

    /// Whether a batch of this urgency would be taken now. Asked before the state changes.
    [[nodiscard]] virtual std::expected<void, JournalRefusal> admits(Urgency urgency) const = 0;

    /// Queues the batch; `durable` is called once it is on disk. A failure does not come back: the process ends and
    /// recovers, because memory would be ahead of the disk.
    virtual void append(JournalBatch batch, std::function<void()> durable) = 0;
};

}  // namespace rbees::kernel
