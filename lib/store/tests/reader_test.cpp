#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "journal_fixture.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

using std::chrono_literals::operator""s;

class ReaderTest : public JournalTest {
  protected:
    void SetUp() override { open(); }

    void put(EntityChange entity) {
        ASSERT_TRUE(commit({.at = noon, .records = {{"job:changed", 1, "{}"}}, .entities = {std::move(entity)}}));
    }

    std::vector<std::string> ids_of(const EntityPage& page) {
        std::vector<std::string> ids;
        for (const auto& row : page.rows)
            ids.push_back(row.entity.id);
        return ids;
    }

    EntityChange aged(int age, std::string status = "queued") {
        auto entity = job(fmt::format("j{:03}", age), std::move(status));
        entity.created_at = noon + std::chrono::seconds(age);
        return entity;
    }
};

TEST_F(ReaderTest, RecordComesBackAsItWasWritten) {
    const Record record{"job:queued", 7, std::string("{\"text\":\"caf\u00e9\"}\0tail", 22)};
    ASSERT_TRUE(commit({.at = noon, .records = {record}}));

    std::optional<StoredRecord> stored;
    ASSERT_TRUE(reader()->replay(1, [&](const StoredRecord& found) { stored = found; }));

    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->record, record);
    EXPECT_EQ(stored->at, noon);
    EXPECT_EQ(stored->hash, journal->head().hash);
}

TEST_F(ReaderTest, ReplayStartsWhereItIsToldAndCrossesItsReadingChunks) {
    constexpr std::size_t records = 2'500;
    Batch batch{.at = noon};
    for (std::size_t i = 1; i <= records; ++i)
        batch.records.push_back({"n", 1, fmt::format("{}", i)});
    ASSERT_TRUE(commit(batch));

    std::vector<Sequence> seen;
    ASSERT_TRUE(reader()->replay(900, [&](const StoredRecord& found) { seen.push_back(found.sequence); }));

    ASSERT_EQ(seen.size(), records - 899);
    EXPECT_EQ(seen.front(), 900U);
    EXPECT_EQ(seen.back(), records);
    EXPECT_EQ(reader()->verify().records, records);
}

TEST_F(ReaderTest, PagesOfRecordsGoOnWhereTheOneBeforeEnded) {
    for (const auto* body : {"1", "2", "3", "4", "5"})
        ASSERT_TRUE(commit(batch_of(body)));
    const auto reading = reader();
    std::vector<std::string> seen;
    std::vector<std::size_t> sizes;

    RecordFilter filter;
    while (true) {
        const auto page = reading->records(filter, 2).value();
        for (const auto& record : page.records)
            seen.push_back(record.record.body);
        sizes.push_back(page.records.size());
        if (!page.next) break;
        filter.after = *page.next;
    }

    EXPECT_EQ(seen, (std::vector<std::string>{"1", "2", "3", "4", "5"}));
    EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 2, 1}));
    EXPECT_FALSE(reading->records({.after = 5, .type = {}}, 2)->next);
    EXPECT_TRUE(reading->records({.after = 99, .type = {}}, 2)->records.empty());
}

TEST_F(ReaderTest, PageOfOneTypeLooksSoFarOnlyAndSaysWhereToGoOn) {
    Batch batch{.at = noon};
    for (Sequence i = 0; i < limits::records_scanned_max; ++i)
        batch.records.push_back({"common", 1, "{}"});
    batch.records.push_back({"rare", 1, "{}"});
    ASSERT_TRUE(commit(batch));

    const auto first = reader()->records({.after = 0, .type = "rare"}, 10).value();
    const auto second = reader()->records({.after = first.next.value(), .type = "rare"}, 10).value();

    EXPECT_TRUE(first.records.empty());
    EXPECT_EQ(first.next, limits::records_scanned_max);
    ASSERT_EQ(second.records.size(), 1U);
    EXPECT_EQ(second.records[0].sequence, limits::records_scanned_max + 1);
    EXPECT_EQ(second.next, std::nullopt);
}

TEST_F(ReaderTest, PageOfLongRecordsIsShort) {
    const std::string longest(limits::records_read_max.value - 10, 'x');
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(commit(batch_of(longest)));

    const auto page = reader()->records({}, 10).value();

    EXPECT_EQ(page.records.size(), 1U);
    EXPECT_EQ(page.next, 1U);
}

TEST_F(ReaderTest, VerificationEndsSoonAfterItIsAskedToStop) {
    Batch batch{.at = noon};
    for (int i = 0; i < 5'000; ++i)
        batch.records.push_back({"n", 1, "{}"});
    ASSERT_TRUE(commit(batch));
    std::stop_source stop;
    stop.request_stop();

    const auto report = reader()->verify(std::nullopt, stop.get_token());

    EXPECT_TRUE(report.first_problem);
    EXPECT_LT(report.records, 5'000U);
}

TEST_F(ReaderTest, RecoveryGetsTheLiveEntitiesOnly) {
    put(job("b"));
    put(job("a"));
    put(job("c", "completed", EntityPhase::terminal));
    put(job("a", "running"));

    const auto live = reader()->live_entities("job");

    ASSERT_TRUE(live);
    ASSERT_EQ(live->size(), 2U);
    EXPECT_EQ(live->at(0), (EntityRow{job("a", "running"), 4}));
    EXPECT_EQ(live->at(1), (EntityRow{job("b"), 1}));
    EXPECT_EQ(reader()->entity("job", "c")->value().entity.status, "completed");
}

TEST_F(ReaderTest, ChangeOfAnIndexedColumnIsSeenByLists) {
    put(job("a"));
    auto moved = job("a");
    moved.model = "large";
    moved.owner = "ben";
    put(moved);

    const auto by_old = reader()->list("job", {.model = "smol"}, std::nullopt, 10);
    const auto by_new = reader()->list("job", {.model = "large", .owner = "ben"}, std::nullopt, 10);

    EXPECT_TRUE(by_old->rows.empty());
    EXPECT_EQ(ids_of(*by_new), std::vector<std::string>{"a"});
}

TEST_F(ReaderTest, WhatIsDueComesTheLongestDueFirstUntilItIsWrittenAnew) {
    const auto due_in = [](std::string id, std::chrono::seconds wait, EntityPhase phase) {
        auto entity = job(std::move(id), "completed", phase);
        entity.due_at = noon + wait;
        return entity;
    };
    put(due_in("late", 3s, EntityPhase::terminal));
    put(due_in("first", 1s, EntityPhase::terminal));
    put(due_in("live", 2s, EntityPhase::live));
    put(job("never"));
    const auto ids = [this](std::chrono::seconds wait, std::size_t limit = 10) {
        return ids_of({reader()->due("job", noon + wait, limit).value().rows, {}, {}});
    };

    EXPECT_EQ(ids(2s), (std::vector<std::string>{"first", "live"}));
    EXPECT_EQ(ids(9s, 1), std::vector<std::string>{"first"});
    EXPECT_EQ(reader()->entity("job", "late")->value().entity.due_at, noon + 3s);
    EXPECT_TRUE(reader()->due("node", noon + 9s, 10)->rows.empty());

    put(due_in("first", 8s, EntityPhase::terminal));
    put(job("live"));
    put(job("late", "", EntityPhase::erased));

    EXPECT_EQ(ids(9s), std::vector<std::string>{"first"});
    EXPECT_TRUE(ids(7s).empty());
    EXPECT_FALSE(reader()->verify().first_problem);
}

TEST_F(ReaderTest, ErasedEntityIsGone) {
    put(job("a"));

    put(job("a", "", EntityPhase::erased));

    EXPECT_EQ(reader()->entity("job", "a").value(), std::nullopt);
    EXPECT_TRUE(reader()->list("job", {}, std::nullopt, 10)->rows.empty());
}

TEST_F(ReaderTest, PagesShowEachEntityOnceWhileOthersAreAdded) {
    for (int age = 0; age < 20; age += 2)
        put(aged(age));
    const auto first = reader()->list("job", {}, std::nullopt, 4);
    ASSERT_TRUE(first->next);
    EXPECT_EQ(ids_of(*first), (std::vector<std::string>{"j018", "j016", "j014", "j012"}));

    put(aged(30));
    put(aged(17));
    const auto cursor = parse_cursor(to_text(*first->next));
    const auto second = reader()->list("job", {}, *cursor, 4);
    const auto third = reader()->list("job", {}, second->next, 4);

    EXPECT_EQ(ids_of(*second), (std::vector<std::string>{"j010", "j008", "j006", "j004"}));
    EXPECT_EQ(ids_of(*third), (std::vector<std::string>{"j002", "j000"}));
    EXPECT_FALSE(third->next);
}

TEST_F(ReaderTest, EntitiesOfOneMomentAreTakenApartByTheirIds) {
    for (const auto* id : {"a", "b", "c"})
        put(job(id));

    const auto first = reader()->list("job", {}, std::nullopt, 2);
    const auto second = reader()->list("job", {}, first->next, 2);

    EXPECT_EQ(ids_of(*first), (std::vector<std::string>{"c", "b"}));
    EXPECT_EQ(ids_of(*second), (std::vector<std::string>{"a"}));
}

TEST_F(ReaderTest, FiltersNarrowAPageTogether) {
    put(aged(1, "queued"));
    put(aged(2, "running"));
    put(aged(3, "queued"));
    auto other = aged(4, "queued");
    other.parent = "session-1";
    other.model = "";
    put(other);
    auto ended = aged(5, "queued");
    ended.phase = EntityPhase::terminal;
    put(ended);
    const auto ids = [this](const EntityFilter& filter) {
        return ids_of(reader()->list("job", filter, std::nullopt, 10).value());
    };

    EXPECT_EQ(ids({.status = "queued", .model = "smol"}), (std::vector<std::string>{"j005", "j003", "j001"}));
    EXPECT_EQ(ids({.phase = EntityPhase::live, .status = "queued"}),
              (std::vector<std::string>{"j004", "j003", "j001"}));
    EXPECT_EQ(ids({.parent = "session-1"}), (std::vector<std::string>{"j004"}));
    EXPECT_EQ(ids({.model = ""}), (std::vector<std::string>{"j004"}));
    EXPECT_EQ(ids({.created_from = noon + 2s, .created_before = noon + 4s}),
              (std::vector<std::string>{"j003", "j002"}));
    EXPECT_TRUE(ids({.owner = "nobody"}).empty());
}

TEST_F(ReaderTest, TextThatIsNoCursorIsRefused) {
    for (const auto* text : {"", "abc", "12", "12.", "12.a b", ".x", "99999999999999999999.x"}) {
        EXPECT_FALSE(parse_cursor(text)) << text;
    }
    EXPECT_EQ(parse_cursor("12.a.b").value(), (PageCursor{WallTime{std::chrono::milliseconds(12)}, "a.b"}));
}

TEST_F(ReaderTest, ErasedPayloadIsGoneAndTheChainStaysGood) {
    const std::string text = "the words that nobody may read any more";
    const PayloadWrite payload{"p1", std::string(16, 's'), text};
    ASSERT_TRUE(commit({.at = noon,
                        .records = {{"job:queued", 1, to_hex(salted_sha256(payload.salt, payload.bytes))}},
                        .payloads = {payload}}));
    ASSERT_EQ(reader()->payload("p1").value(), payload);

    ASSERT_TRUE(commit({.at = noon, .records = {{"payload:erased", 1, "p1"}}, .erased_payloads = {"p1"}}));

    EXPECT_EQ(reader()->payload("p1").value(), std::nullopt);
    EXPECT_FALSE(reader()->verify().first_problem);
    journal.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(content.find(text), std::string::npos) << entry.path();
    }
}

}  // namespace
}  // namespace rbees::store
