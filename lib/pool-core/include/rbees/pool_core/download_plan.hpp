#pragma once
/// @file
/// What is still missing of a file, how to share it out among connections, and whether an interrupted download may go
/// on.
///
/// The bytes lie in `<file>.partial` at their final offsets; `<file>.partial.json` holds the `DownloadJournal`. A
/// journal may claim less than is there, never more, so a crash costs a little work and no correctness. Ranges of one
/// download come from one source and one version of its file: other bytes under the same name must never be mixed in.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/units.hpp"

namespace rbees::pool {

/// Bytes from `begin` up to, not including, `end`.
struct ByteRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    [[nodiscard]] std::uint64_t size() const { return end - begin; }
    auto operator<=>(const ByteRange&) const = default;
};
BOOST_DESCRIBE_STRUCT(ByteRange, (), (begin, end))

/// Disjoint ranges in order; neighbours are joined.
class RangeSet {
  public:
    RangeSet() = default;

    void add(ByteRange range);

    /// What is not in the set of the first `total` bytes.
    [[nodiscard]] std::vector<ByteRange> missing(std::uint64_t total) const;

    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] const std::vector<ByteRange>& ranges() const { return ranges_; }

    bool operator==(const RangeSet&) const = default;

  private:
    std::vector<ByteRange> ranges_;
};

/// `<file>.partial.json`
struct DownloadJournal {
    std::string source;  ///< the address
    std::uint64_t total = 0;
    std::optional<std::string> validator;  ///< the answer's ETag
    std::vector<ByteRange> done;
};
BOOST_DESCRIBE_STRUCT(DownloadJournal, (), (source, total, validator, done))

/// What a source says about its file before the bytes come.
struct RemoteFile {
    std::string source;
    std::optional<std::uint64_t> total;
    std::optional<std::string> validator;
    bool ranges = false;  ///< whether parts can be asked for
};

/// The ranges that need not be fetched again: those of the journal if it is about the same bytes, else none. Without a
/// validator on both sides nothing is known about the bytes, so nothing is kept.
[[nodiscard]] RangeSet resumable(const DownloadJournal& journal, const RemoteFile& remote);

/// Shares `missing` out: at least `connections` parts if they can be made without going below `part_min` bytes each.
/// Every missing byte is in exactly one part; parts come in the order of their offsets.
[[nodiscard]] std::vector<ByteRange> share_out(std::vector<ByteRange> missing, std::size_t connections, Bytes part_min);

/// Whether the finished bytes are the ones that were wanted. `wanted` is the hash of the specification or of an earlier
/// download; without one, the first download is believed. Fails with a sentence that names both hashes.
[[nodiscard]] std::expected<void, std::string> check_hash(const std::optional<std::string>& wanted,
                                                          const std::string& found);

/// How much more space is needed to hold `missing` bytes and keep `reserve` free; zero if there is enough.
[[nodiscard]] Bytes space_lacking(Bytes missing, Bytes free, Bytes reserve);

}  // namespace rbees::pool
