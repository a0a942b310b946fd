#include <fmt/format.h>

#include "connection.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

// One lower bound each: SQLite would use only one of two, and read from the prefix's start each time.
constexpr std::string_view from_start_sql =
    "SELECT id, salt, bytes, checksum FROM payload WHERE id >= ? AND id < ? ORDER BY id LIMIT ?";
constexpr std::string_view after_sql =
    "SELECT id, salt, bytes, checksum FROM payload WHERE id > ? AND id < ? ORDER BY id LIMIT ?";
constexpr std::string_view up_to_sql =
    "SELECT id, salt, bytes, checksum FROM payload WHERE id >= ? AND id <= ? ORDER BY id DESC LIMIT 1";

}  // namespace

std::optional<PayloadWrite> payload_of(const Statement& row, FieldHasher& hasher) {
    PayloadWrite found{std::string(row.text(0)), std::string(row.bytes(1)), std::string(row.bytes(2))};
    if (payload_checksum(hasher, found) != row.digest(3)) return std::nullopt;
    return found;
}

std::string end_of_prefix(std::string_view prefix) {
    constexpr char ascii_last = 0x7f;
    RBEES_ASSERT(!prefix.empty() && prefix.back() >= 0 && prefix.back() < ascii_last);
    std::string end(prefix);
    ++end.back();
    return end;
}

Result<std::optional<PayloadWrite>> Reader::payload(std::string_view id) {
    auto statement = connection_->database().prepare("SELECT id, salt, bytes, checksum FROM payload WHERE id = ?");
    if (!statement) return connection_->fail_with(statement.error());
    statement->bind(id);
    const auto has_row = statement->step();
    if (!has_row) return connection_->fail_with(has_row.error());
    if (!*has_row) return std::nullopt;
    auto found = payload_of(*statement, connection_->hasher());
    if (!found) return connection_->fail_damaged(fmt::format("payload {}", id));
    return found;
}

Result<std::vector<PayloadWrite>> Reader::payloads(std::string_view prefix, std::string_view after_id,
                                                   std::size_t limit) {
    RBEES_ASSERT(limit >= 1 && limit <= limits::page_rows_max);
    const auto end = end_of_prefix(prefix);
    const bool is_from_start = after_id < prefix;
    auto statement = connection_->database().prepare(is_from_start ? from_start_sql : after_sql);
    if (!statement) return connection_->fail_with(statement.error());
    statement->bind(is_from_start ? prefix : after_id, std::string_view(end), static_cast<std::int64_t>(limit));
    std::vector<PayloadWrite> found;
    Bytes size;
    while (true) {
        const auto has_row = statement->step();
        if (!has_row) return connection_->fail_with(has_row.error());
        if (!*has_row) return found;
        size += Bytes(statement->bytes(2).size());
        if (!found.empty() && size > limits::payloads_read_max) return found;
        auto payload = payload_of(*statement, connection_->hasher());
        if (!payload) return connection_->fail_damaged(fmt::format("payload {}", statement->text(0)));
        found.push_back(std::move(*payload));
    }
}

Result<std::optional<PayloadWrite>> Reader::payload_up_to(std::string_view prefix, std::string_view id) {
    const auto end = end_of_prefix(prefix);
    auto statement = connection_->database().prepare(up_to_sql);
    if (!statement) return connection_->fail_with(statement.error());
    // The end itself does not begin with the prefix; as an id it cannot be met, for nothing lies between.
    statement->bind(prefix, std::min(id, std::string_view(end)));
    const auto has_row = statement->step();
    if (!has_row) return connection_->fail_with(has_row.error());
    if (!*has_row) return std::nullopt;
    auto found = payload_of(*statement, connection_->hasher());
    if (!found) return connection_->fail_damaged(fmt::format("payload {}", statement->text(0)));
    return found;
}

}  // namespace rbees::store
