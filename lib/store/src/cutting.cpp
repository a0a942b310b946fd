// How the writing connection takes old records away: a checkpoint first, then one piece after the other.

#include <algorithm>

#include "chain.hpp"
#include "rbees/store/limits.hpp"
#include "writer.hpp"

namespace rbees::store {
namespace {

// `at` lies in front of the body, so what is read is short, however long the bodies are.
constexpr std::string_view first_young_sql =
    "SELECT sequence FROM journal WHERE sequence >= ? AND sequence <= ? AND at >= ? ORDER BY sequence LIMIT 1";

constexpr std::string_view link_sql = "SELECT hash FROM journal WHERE sequence = ?";

}  // namespace

Sql<void> Writer::load_cut() {
    const auto start = read_start(database_);
    if (!start) return std::unexpected(start.error());
    cut_ = {start->first, 0};
    if (start->checkpoint == 0) return {};
    auto body = database_.prepare("SELECT type, version, body FROM journal WHERE sequence = ?");
    if (!body) return std::unexpected(std::move(body.error()));
    body->bind(std::int64_t(start->checkpoint));
    const auto found = body->step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return {};
    const auto last = read_checkpoint(
        {std::string(body->text(0)), static_cast<std::uint32_t>(body->integer(1)), std::string(body->text(2))});
    if (last) cut_.through = last->sequence;
    return {};
}

Sql<std::optional<Sequence>> Writer::last_before(WallTime limit) {
    const auto window_end = std::min(head_.sequence, cut_.first + limits::cut_records_max - 1);
    auto young = database_.prepare(first_young_sql);
    if (!young) return std::unexpected(std::move(young.error()));
    young->bind(std::int64_t(cut_.first), std::int64_t(window_end), std::int64_t(limit.time_since_epoch().count()));
    const auto found = young->step();
    if (!found) return std::unexpected(found.error());
    const auto last = *found ? static_cast<Sequence>(young->integer(0)) - 1 : window_end;
    // A checkpoint for a single record would take no less room than that.
    if (last < cut_.first + 1) return std::nullopt;
    return last;
}

Sql<void> Writer::write_checkpoint(Sequence last, WallTime at) {
    auto hash = hash_of(last);
    if (!hash) return std::unexpected(std::move(hash.error()));
    auto begun = begin_transaction();
    Batch batch{.at = at, .admission = Admission::closing, .records = {checkpoint_record({last, *hash}, at)}};
    if (begun) begun = write_batch(batch);
    if (begun) begun = move_head_.run(std::int64_t(next_head_.sequence), blob(next_head_.hash));
    if (begun) begun = name_checkpoint_.run(std::int64_t(next_head_.sequence));
    if (!begun) roll_back();
    next_cut_.through = last;
    return begun;
}

Sql<void> Writer::cut_records() {
    const auto first = std::min(cut_.through + 1, cut_.first + limits::cut_rows);
    auto before = hash_of(first - 1);
    if (!before) return std::unexpected(std::move(before.error()));
    auto done = begin_transaction();
    if (done) done = cut_front_.run(std::int64_t(first));
    if (done) done = move_start_.run(std::int64_t(first), blob(*before));
    if (!done) roll_back();
    next_cut_.first = first;
    return done;
}

Sql<Sha256Digest> Writer::hash_of(Sequence sequence) {
    auto row = database_.prepare(link_sql);
    if (!row) return std::unexpected(std::move(row.error()));
    row->bind(std::int64_t(sequence));
    const auto found = row->step();
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::unexpected(SqlError{SQLITE_CORRUPT, "a record is missing"});
    return row->digest(0);
}

}  // namespace rbees::store
