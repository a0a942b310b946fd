#pragma once
/// @file
/// What the store's hashes cover. Part of the file format: a change here needs a new format version.

#include "rbees/base/hash.hpp"
#include "rbees/store/batch.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::store {

/// Hashes fields so that no two lists of fields give the same bytes: numbers as 8 bytes, little-endian; text with its
/// length before it. Reusable; not thread-safe.
class FieldHasher {
  public:
    FieldHasher& number(std::uint64_t value);
    FieldHasher& text(std::string_view value);
    FieldHasher& digest(const Sha256Digest& value);
    [[nodiscard]] Sha256Digest finish() { return hash_.finish(); }

  private:
    Sha256 hash_;
};

/// The digest whose hexadecimal form this is.
[[nodiscard]] std::optional<Sha256Digest> digest_of(std::string_view hex);

/// The hash of a record: previous hash, sequence, type, version, at, body.
[[nodiscard]] Sha256Digest chain_hash(FieldHasher& hasher, const Sha256Digest& previous, Sequence sequence, WallTime at,
                                      const Record& record);

/// Every column of an entity row but the checksum itself.
[[nodiscard]] Sha256Digest entity_checksum(FieldHasher& hasher, const EntityChange& entity, Sequence sequence);

/// Every column of a payload row but the checksum itself.
[[nodiscard]] Sha256Digest payload_checksum(FieldHasher& hasher, const PayloadWrite& payload);

}  // namespace rbees::store
