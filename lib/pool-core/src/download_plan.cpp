#include "rbees/pool_core/download_plan.hpp"

#include <algorithm>

namespace rbees::pool {
namespace {

constexpr std::size_t parts_max = 4096;

/// A journal comes from a disk; one that contradicts itself is worth nothing.
bool is_consistent(const DownloadJournal& journal) {
    return std::ranges::all_of(
        journal.done, [&](const ByteRange& range) { return range.begin < range.end && range.end <= journal.total; });
}

}  // namespace

void RangeSet::add(ByteRange range) {
    if (range.begin >= range.end) return;
    const auto first = std::ranges::find_if(ranges_, [&](const auto& other) { return other.end >= range.begin; });
    auto last = first;
    for (; last != ranges_.end() && last->begin <= range.end; ++last) {
        range.begin = std::min(range.begin, last->begin);
        range.end = std::max(range.end, last->end);
    }
    ranges_.insert(ranges_.erase(first, last), range);
}

std::vector<ByteRange> RangeSet::missing(std::uint64_t total) const {
    std::vector<ByteRange> gaps;
    std::uint64_t position = 0;
    for (const auto& range : ranges_) {
        if (range.begin >= total) break;
        if (position < range.begin) gaps.push_back({position, range.begin});
        position = range.end;
    }
    if (position < total) gaps.push_back({position, total});
    return gaps;
}

std::uint64_t RangeSet::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& range : ranges_) {
        sum += range.size();
    }
    return sum;
}

RangeSet resumable(const DownloadJournal& journal, const RemoteFile& remote) {
    const bool is_same = journal.source == remote.source && remote.total == journal.total && journal.validator &&
                         remote.validator == journal.validator;
    RangeSet done;
    if (!is_same || !remote.ranges || !is_consistent(journal)) return done;
    for (const auto& range : journal.done) {
        done.add(range);
    }
    return done;
}

std::vector<ByteRange> share_out(std::vector<ByteRange> missing, std::size_t connections, Bytes part_min) {
    const auto part = std::max<std::uint64_t>(part_min.value, 1);
    while (missing.size() < std::min(connections, parts_max)) {
        const auto largest = std::ranges::max_element(missing, {}, &ByteRange::size);
        if (largest == missing.end() || largest->size() / 2 < part) break;
        const auto middle = largest->begin + largest->size() / 2;
        const ByteRange second{middle, largest->end};
        largest->end = middle;
        missing.insert(largest + 1, second);
    }
    return missing;
}

std::expected<void, std::string> check_hash(const std::optional<std::string>& wanted, const std::string& found) {
    if (!wanted || *wanted == found) return {};
    return std::unexpected("the bytes have the wrong hash: expected sha256 " + *wanted + ", found " + found);
}

Bytes space_lacking(Bytes missing, Bytes free, Bytes reserve) {
    const auto needed = missing + reserve;
    return free >= needed ? Bytes(0) : Bytes(needed.value - free.value);
}

}  // namespace rbees::pool
