#include "kept_head.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "backup.hpp"
#include "checksum.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/numbers.hpp"

namespace rbees::store {
namespace {

constexpr std::size_t sequence_digits = 20;

/// Of one length, so that it is written in place, and short enough for one sector.
std::string to_line(const JournalHead& head) {
    return fmt::format("{:0{}} {}\n", head.sequence, sequence_digits, to_hex(head.hash));
}

}  // namespace

std::filesystem::path kept_head_file(const std::filesystem::path& database) {
    return beside(database, ".head");
}

std::optional<JournalHead> read_kept_head(const std::filesystem::path& database) {
    const auto text = read_file(kept_head_file(database), kibibytes(4));
    if (!text || text->size() <= sequence_digits) return std::nullopt;
    const auto line = std::string_view(*text);
    const auto sequence = parse_whole<Sequence>(line.substr(0, sequence_digits));
    const auto digest = digest_of(line.substr(sequence_digits + 1, 2 * std::tuple_size_v<Sha256Digest>));
    if (!sequence || !digest) return std::nullopt;
    const JournalHead head{*sequence, *digest};
    return text->starts_with(to_line(head)) ? std::optional(head) : std::nullopt;
}

std::optional<Failure> check_kept_head(const std::filesystem::path& database, const JournalHead& head) {
    const auto kept = read_kept_head(database);
    if (!kept || kept->sequence < head.sequence || *kept == head) return std::nullopt;
    const auto& name = database.native();
    const auto remedy = fmt::format(
        "put {0}-wal back, or restore a backup; to go on without the records that are missing, delete {0}.head", name);
    if (kept->sequence == head.sequence) {
        return Failure{fmt::format("record {} in {} is not the one that was written", head.sequence, name), remedy};
    }
    return Failure{fmt::format("the journal in {0} ends at record {1}, but record {2} was written: {0}-wal was cut or "
                               "removed, or {0} is an older copy",
                               name, head.sequence, kept->sequence),
                   remedy};
}

KeptHead::KeptHead(const std::filesystem::path& database)
    : file_(::open(kept_head_file(database).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}

void KeptHead::write(const JournalHead& head) {
    if (!file_.valid()) return;
    const auto line = to_line(head);
    [[maybe_unused]] const auto written = ::pwrite(file_.get(), line.data(), line.size(), 0);
}

}  // namespace rbees::store
