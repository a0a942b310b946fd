#include "store/store_journal.hpp"

#include <boost/asio/post.hpp>
#include <cstdlib>
#include <utility>

namespace rbees::orcd {
namespace {

/// EX_TEMPFAIL: memory is ahead of the disk, so this process must not answer any more. Its next start recovers.
constexpr int exit_to_recover = 75;

kernel::JournalRefusal refusal_of(store::AppendError error) {
    switch (error) {
        case store::AppendError::storage_full:
            return kernel::JournalRefusal::full;
        case store::AppendError::queue_full:
            return kernel::JournalRefusal::busy;
        case store::AppendError::stopped:
            break;
    }
    return kernel::JournalRefusal::stopped;
}

store::Admission admission_of(kernel::Urgency urgency) {
    switch (urgency) {
        case kernel::Urgency::ordinary:
            break;
        case kernel::Urgency::progress:
            return store::Admission::progress;
        case kernel::Urgency::closing:
            return store::Admission::closing;
    }
    return store::Admission::ordinary;
}

store::EntityPhase phase_of(kernel::RowPhase phase) {
    switch (phase) {
        case kernel::RowPhase::live:
            return store::EntityPhase::live;
        case kernel::RowPhase::terminal:
            return store::EntityPhase::terminal;
        case kernel::RowPhase::erased:
            break;
    }
    return store::EntityPhase::erased;
}

store::EntityChange change_of(kernel::EntityRow row) {
    store::EntityChange change;
    change.kind = std::move(row.kind);
    change.id = std::move(row.id);
    change.phase = phase_of(row.phase);
    change.status = std::move(row.status);
    change.model = std::move(row.model);
    change.owner = std::move(row.owner);
    change.parent = std::move(row.parent);
    change.created_at = row.created_at;
    change.due_at = row.due_at;
    change.json = std::move(row.json);
    return change;
}

store::Batch batch_of(kernel::JournalBatch batch) {
    store::Batch out;
    out.at = batch.at;
    out.admission = admission_of(batch.urgency);
    for (auto& record : batch.records) {
        out.records.push_back({std::move(record.type), record.version, std::move(record.body)});
    }
    for (auto& row : batch.entities) {
        out.entities.push_back(change_of(std::move(row)));
    }
    for (auto& payload : batch.payloads) {
        out.payloads.push_back({std::move(payload.id), std::move(payload.salt), std::move(payload.bytes)});
    }
    out.erased_payload_prefixes = std::move(batch.erased);
    return out;
}

}  // namespace

std::expected<void, kernel::JournalRefusal> StoreJournal::admits(kernel::Urgency urgency) const {
    const auto admitted = journal_.admits(admission_of(urgency));
    if (admitted) return {};
    if (journal_.read_only_cause()) return std::unexpected(kernel::JournalRefusal::read_only);
    return std::unexpected(refusal_of(admitted.error()));
}

void StoreJournal::append(kernel::JournalBatch batch, std::function<void()> durable) {
    auto committed = [&control = control_, durable = std::move(durable)](store::CommitResult result) mutable {
        if (!result) std::_Exit(exit_to_recover);
        boost::asio::post(control, std::move(durable));
    };
    if (!journal_.append(batch_of(std::move(batch)), std::move(committed))) std::_Exit(exit_to_recover);
}

}  // namespace rbees::orcd
