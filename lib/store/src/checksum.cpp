#include "checksum.hpp"

#include <array>

#include "rbees/base/numbers.hpp"

namespace rbees::store {

FieldHasher& FieldHasher::number(std::uint64_t value) {
    std::array<char, sizeof value> bytes{};
    for (auto& byte : bytes) {
        byte = static_cast<char>(value & 0xff);
        value >>= 8;
    }
    hash_.update({bytes.data(), bytes.size()});
    return *this;
}

FieldHasher& FieldHasher::text(std::string_view value) {
    number(value.size());
    hash_.update(value);
    return *this;
}

FieldHasher& FieldHasher::digest(const Sha256Digest& value) {
    hash_.update({reinterpret_cast<const char*>(value.data()), value.size()});
    return *this;
}

namespace {

std::uint64_t milliseconds(WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

std::optional<Sha256Digest> digest_of(std::string_view hex) {
    Sha256Digest digest{};
    if (hex.size() != 2 * digest.size()) return std::nullopt;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        const auto value = parse_hex<Sha256Digest::value_type>(hex.substr(2 * i, 2));
        if (!value) return std::nullopt;
        digest[i] = *value;
    }
    return digest;
}

Sha256Digest chain_hash(FieldHasher& hasher, const Sha256Digest& previous, Sequence sequence, WallTime at,
                        const Record& record) {
    hasher.digest(previous).number(sequence).text(record.type).number(record.version);
    return hasher.number(milliseconds(at)).text(record.body).finish();
}

Sha256Digest entity_checksum(FieldHasher& hasher, const EntityChange& entity, Sequence sequence) {
    hasher.text(entity.kind).text(entity.id).number(static_cast<std::uint64_t>(entity.phase));
    hasher.text(entity.status).text(entity.model).text(entity.owner).text(entity.parent);
    hasher.number(milliseconds(entity.created_at)).number(sequence).text(entity.json);
    // Rows of the first form had no such column: without a time they keep the checksum that they have.
    if (entity.due_at) hasher.number(milliseconds(*entity.due_at));
    return hasher.finish();
}

Sha256Digest payload_checksum(FieldHasher& hasher, const PayloadWrite& payload) {
    return hasher.text(payload.id).text(payload.salt).text(payload.bytes).finish();
}

}  // namespace rbees::store
