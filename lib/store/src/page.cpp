#include <fmt/format.h>

#include <algorithm>

#include "connection.hpp"
#include "rbees/base/assert.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

/// A query that grows by conditions, each with its parameter.
class PageQuery {
  public:
    explicit PageQuery(std::string_view kind)
        : sql_(fmt::format("SELECT {} FROM entity WHERE kind = ?1", entity_columns)), texts_{kind} {}

    void where_text(std::string_view column, const std::optional<std::string>& wanted) {
        if (!wanted) return;
        texts_.push_back(*wanted);
        sql_ += fmt::format(" AND {} = ?{}", column, texts_.size());
        // The condition of the column's partial index; without it SQLite would not use the index.
        if (!wanted->empty()) sql_ += fmt::format(" AND {} <> ''", column);
    }

    void where_time(std::string_view comparison, const std::optional<WallTime>& bound) {
        if (bound) sql_ += fmt::format(" AND created_at {} {}", comparison, bound->time_since_epoch().count());
    }

    void where_phase(const std::optional<EntityPhase>& phase) {
        if (phase) sql_ += fmt::format(" AND phase = {}", static_cast<int>(*phase));
    }

    void after(const std::optional<PageCursor>& cursor) {
        if (!cursor) return;
        texts_.push_back(cursor->id);
        const auto created_at = cursor->created_at.time_since_epoch().count();
        sql_ += fmt::format(" AND (created_at, id) < ({}, ?{})", created_at, texts_.size());
    }

    [[nodiscard]] Sql<Statement> prepare(const Database& database, std::size_t limit) {
        sql_ += fmt::format(" ORDER BY created_at DESC, id DESC LIMIT {}", limit);
        auto statement = database.prepare(sql_);
        if (!statement) return statement;
        int index = 0;
        for (const auto text : texts_)
            statement->bind_at(++index, text);
        return statement;
    }

  private:
    std::string sql_;
    std::vector<std::string_view> texts_;
};

}  // namespace

Result<EntityPage> Reader::list(std::string_view kind, const EntityFilter& filter,
                                const std::optional<PageCursor>& cursor, std::size_t limit) {
    RBEES_ASSERT(limit >= 1 && limit <= limits::page_rows_max);
    PageQuery query(kind);
    query.where_phase(filter.phase);
    query.where_text("status", filter.status);
    query.where_text("model", filter.model);
    query.where_text("owner", filter.owner);
    query.where_text("parent", filter.parent);
    query.where_time(">=", filter.created_from);
    query.where_time("<", filter.created_before);
    query.after(cursor);
    // One row more than asked for tells whether there is a next page.
    auto statement = query.prepare(connection_->database(), limit + 1);
    if (!statement) return connection_->fail_with(statement.error());

    EntityPage page;
    PageCursor last;
    for (std::size_t count = 0;; ++count) {
        const auto has_row = statement->step();
        if (!has_row) return connection_->fail_with(has_row.error());
        if (!*has_row) return page;
        if (count == limit) {
            page.next = last;
            return page;
        }
        last = {WallTime{std::chrono::milliseconds(statement->integer(7))}, std::string(statement->text(1))};
        auto row = entity_of(*statement, connection_->hasher());
        if (row) {
            page.rows.push_back(std::move(*row));
        } else {
            page.damaged.push_back(last.id);
        }
    }
}

Result<DueEntities> Reader::due(std::string_view kind, WallTime now, std::size_t limit) {
    RBEES_ASSERT(limit >= 1 && limit <= limits::page_rows_max);
    auto statement = connection_->database().prepare(
        fmt::format("SELECT {} FROM entity WHERE kind = ? AND due_at <= ? ORDER BY due_at, id", entity_columns));
    if (!statement) return connection_->fail_with(statement.error());
    statement->bind(kind, std::int64_t{now.time_since_epoch().count()});
    DueEntities found;
    while (found.rows.size() < limit && found.damaged.size() < limits::page_rows_max) {
        const auto has_row = statement->step();
        if (!has_row) return connection_->fail_with(has_row.error());
        if (!*has_row) break;
        auto row = entity_of(*statement, connection_->hasher());
        if (row) {
            found.rows.push_back(std::move(*row));
        } else {
            found.damaged.emplace_back(statement->text(1));
        }
    }
    return found;
}

std::string to_text(const PageCursor& cursor) {
    return fmt::format("{}.{}", cursor.created_at.time_since_epoch().count(), cursor.id);
}

Result<PageCursor> parse_cursor(std::string_view text) {
    const auto dot = std::min(text.find('.'), text.size());
    const auto milliseconds = parse_whole<std::int64_t>(text.substr(0, dot));
    const auto id = text.substr(std::min(dot + 1, text.size()));
    if (!milliseconds || !is_valid_id(id)) {
        return fail("not a cursor of a list", "pass the cursor of the page before, unchanged");
    }
    return PageCursor{WallTime{std::chrono::milliseconds(*milliseconds)}, std::string(id)};
}

}  // namespace rbees::store
