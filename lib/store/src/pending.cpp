#include "pending.hpp"

namespace rbees::store {
namespace {

constexpr std::uint64_t log_frame_bytes = 4'096 + 24;
constexpr std::uint64_t pages_per_transaction = 8;
constexpr std::uint64_t pages_per_entity = 8;  // the table and its indexes
constexpr std::uint64_t pages_per_payload = 3;
constexpr std::uint64_t pages_per_prefix =
    256;  // a guess: what lies under it is not known before; a full disk is noticed

}  // namespace

Bytes size_of(const Batch& batch) {
    Bytes size;
    for (const auto& record : batch.records)
        size += Bytes(record.type.size() + record.body.size());
    for (const auto& entity : batch.entities) {
        size += Bytes(entity.kind.size() + entity.id.size() + entity.status.size() + entity.model.size() +
                      entity.owner.size() + entity.parent.size() + entity.json.size());
    }
    for (const auto& payload : batch.payloads) {
        size += Bytes(payload.id.size() + payload.salt.size() + payload.bytes.size());
    }
    for (const auto& id : batch.erased_payloads)
        size += Bytes(id.size());
    for (const auto& prefix : batch.erased_payload_prefixes)
        size += Bytes(prefix.size());
    return size;
}

Bytes log_estimate(std::span<const Pending> group) {
    std::uint64_t bytes = 0;
    std::uint64_t pages = pages_per_transaction;
    for (const auto& [batch, committed, size] : group) {
        bytes += 2 * size.value;
        pages += batch.records.size() + pages_per_entity * batch.entities.size() +
                 pages_per_payload * (batch.payloads.size() + batch.erased_payloads.size()) +
                 pages_per_prefix * batch.erased_payload_prefixes.size();
    }
    return Bytes(bytes + pages * log_frame_bytes);
}

}  // namespace rbees::store
