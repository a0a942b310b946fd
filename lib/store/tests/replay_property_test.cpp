#include <fmt/format.h>
#include <rapidcheck.h>

#include <map>

#include "journal_fixture.hpp"

namespace rbees::store {
namespace {

using Rows = std::map<std::string, EntityRow>;

/// A change of one of a few jobs; the record's body says the same as the row, as a kernel's records do.
struct Change {
    int id = 0;
    int phase = 0;
    int status = 0;
    int model = 0;
};

EntityChange entity_of_change(const Change& change) {
    auto entity = job(fmt::format("j{}", change.id), fmt::format("s{}", change.status), EntityPhase(change.phase));
    entity.model = change.model == 0 ? "" : fmt::format("m{}", change.model);
    entity.json = fmt::format("[{}]", change.status);
    return entity;
}

Batch batch_of_changes(const std::vector<Change>& changes) {
    Batch batch{.at = noon};
    for (const auto& change : changes) {
        batch.records.push_back(
            {"job:changed", 1, fmt::format("{} {} {} {}", change.id, change.phase, change.status, change.model)});
        batch.entities.push_back(entity_of_change(change));
    }
    return batch;
}

/// What a kernel does with a record at recovery.
void apply(Rows& rows, const StoredRecord& stored) {
    Change change;
    RC_ASSERT(std::sscanf(stored.record.body.c_str(), "%d %d %d %d", &change.id, &change.phase, &change.status,
                          &change.model) == 4);
    auto entity = entity_of_change(change);
    const auto id = entity.id;
    rows.erase(id);
    if (entity.phase != EntityPhase::erased) rows.emplace(id, EntityRow{std::move(entity), 0});
}

rc::Gen<Change> any_change() {
    return rc::gen::build<Change>(
        rc::gen::set(&Change::id, rc::gen::inRange(0, 5)), rc::gen::set(&Change::phase, rc::gen::inRange(0, 3)),
        rc::gen::set(&Change::status, rc::gen::inRange(0, 4)), rc::gen::set(&Change::model, rc::gen::inRange(0, 3)));
}

Rows stored_rows(Reader& reader) {
    Rows rows;
    std::optional<PageCursor> cursor;
    do {
        const auto page = reader.list("job", {}, cursor, 2);
        RC_ASSERT(page.has_value() && page->damaged.empty());
        for (auto row : page->rows) {
            row.sequence = 0;
            RC_ASSERT(rows.emplace(row.entity.id, row).second);
        }
        cursor = page->next;
    } while (cursor);
    return rows;
}

TEST(ReplayProperty, RowsAreWhatTheJournalSaysAfterAnyBatchesAndAReopening) {
    EXPECT_TRUE(rc::check([] {
        const auto batches = *rc::gen::container<std::vector<std::vector<Change>>>(
            rc::gen::container<std::vector<Change>>(any_change()));
        const TemporaryFolder folder;
        const auto path = folder.path() / "orcd.db";
        {
            auto journal = Journal::open(path, test_options()).value();
            for (const auto& changes : batches) {
                RC_ASSERT(journal->append(batch_of_changes(changes), [](CommitResult) {}).has_value());
            }
        }

        const auto journal = Journal::open(path, test_options()).value();
        const auto reader = journal->open_reader().value();
        Rows rebuilt;
        RC_ASSERT(reader->replay(1, [&](const StoredRecord& stored) { apply(rebuilt, stored); }).has_value());

        RC_ASSERT(stored_rows(*reader) == rebuilt);
        RC_ASSERT(!reader->verify().first_problem);
        for (const auto& row : reader->live_entities("job").value()) {
            RC_ASSERT(rebuilt.at(row.entity.id).entity.phase == EntityPhase::live);
        }
    }));
}

}  // namespace
}  // namespace rbees::store
