#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "connection.hpp"
#include "journal_fixture.hpp"
#include "rbees/store/limits.hpp"

namespace rbees::store {
namespace {

/// Two jobs whose ids begin alike, each with a request and frames that are named after their first number.
class PayloadTest : public JournalTest {
  protected:
    void SetUp() override {
        open();
        Batch batch{.at = noon};
        for (const auto* id : {"job/1/request", "job/1/frames/000000000001", "job/1/frames/000000000004",
                               "job/1/frames/000000000010", "job/12/request", "job/12/frames/000000000001"}) {
            batch.payloads.push_back(payload(id));
        }
        ASSERT_TRUE(commit(std::move(batch)));
    }

    static PayloadWrite payload(std::string id) {
        auto text = fmt::format("what {} says and nobody else", id);
        return {std::move(id), std::string(16, 's'), std::move(text)};
    }

    std::vector<std::string> ids(std::string_view prefix, std::string_view after = "", std::size_t limit = 10) {
        std::vector<std::string> found;
        for (const auto& one : reader()->payloads(prefix, after, limit).value())
            found.push_back(one.id);
        return found;
    }
};

TEST_F(PayloadTest, PrefixGivesItsPayloadsByIdAndNobodyElses) {
    EXPECT_EQ(ids("job/1/"), (std::vector<std::string>{"job/1/frames/000000000001", "job/1/frames/000000000004",
                                                       "job/1/frames/000000000010", "job/1/request"}));
    EXPECT_EQ(ids("job/12/frames/"), std::vector<std::string>{"job/12/frames/000000000001"});
    EXPECT_TRUE(ids("job/2/").empty());
    EXPECT_EQ(reader()->payloads("job/12/req", "", 1).value(), std::vector<PayloadWrite>{payload("job/12/request")});
}

TEST_F(PayloadTest, ReadingGoesOnBehindAnIdAndStopsAtTheLimit) {
    EXPECT_EQ(ids("job/1/frames/", "", 2),
              (std::vector<std::string>{"job/1/frames/000000000001", "job/1/frames/000000000004"}));
    EXPECT_EQ(ids("job/1/frames/", "job/1/frames/000000000004"), std::vector<std::string>{"job/1/frames/000000000010"});
    EXPECT_EQ(ids("job/1/frames/", "job/1/frames/000000000002").size(), 2U) << "an id that is not there";
    EXPECT_TRUE(ids("job/1/frames/", "job/1/request").empty()) << "behind the prefix";
    EXPECT_EQ(ids("job/1/frames/", "a").size(), 3U) << "before the prefix";
}

TEST_F(PayloadTest, StreamIsEnteredInTheMiddleThroughThePayloadThatHoldsTheNumber) {
    const auto at = [this](std::string_view id) { return reader()->payload_up_to("job/1/frames/", id).value(); };

    EXPECT_EQ(at("job/1/frames/000000000004")->id, "job/1/frames/000000000004");
    EXPECT_EQ(at("job/1/frames/000000000009")->id, "job/1/frames/000000000004");
    EXPECT_EQ(at("job/1/frames/000000000999")->id, "job/1/frames/000000000010");
    EXPECT_EQ(at("z")->id, "job/1/frames/000000000010") << "never out of the prefix";
    EXPECT_EQ(at("job/1/frames/000000000000"), std::nullopt);
}

TEST_F(PayloadTest, LongPayloadsAreReadAFewAtATime) {
    const auto long_text = std::string(limits::payloads_read_max.value / 2 + 1, 'x');
    for (const auto* id : {"long/1", "long/2", "long/3"})
        ASSERT_TRUE(commit({.at = noon, .payloads = {{id, "salt", long_text}}}));

    EXPECT_EQ(ids("long/"), std::vector<std::string>{"long/1"});
    EXPECT_EQ(ids("long/", "long/1"), std::vector<std::string>{"long/2"});
}

TEST_F(PayloadTest, ErasedPrefixGoesWholeFromEveryFileAndLeavesTheOthers) {
    Batch batch{.at = noon, .payloads = {payload("job/1/late")}, .erased_payload_prefixes = {"job/1/"}};
    ASSERT_TRUE(commit(std::move(batch)));

    EXPECT_TRUE(ids("job/1/").empty()) << "what the same batch wrote goes too";
    EXPECT_EQ(ids("job/12/").size(), 2U);
    EXPECT_FALSE(reader()->verify().first_problem);
    journal.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        std::ifstream file(entry.path(), std::ios::binary);
        const std::string content(std::istreambuf_iterator<char>(file), {});
        EXPECT_EQ(content.find("what job/1/"), std::string::npos) << entry.path();
    }
}

TEST_F(PayloadTest, DamagedOneIsNamedAndNeverServed) {
    auto database = Database::open(path(), SQLITE_OPEN_READWRITE, "").value();
    ASSERT_TRUE(database.execute("UPDATE payload SET bytes = x'00' WHERE id = 'job/1/frames/000000000004'"));

    const auto found = reader()->payloads("job/1/", "", 10);

    ASSERT_FALSE(found);
    EXPECT_NE(found.error().message.find("payload job/1/frames/000000000004"), std::string::npos);
    EXPECT_FALSE(reader()->payload_up_to("job/1/", "job/1/frames/000000000005"));
    EXPECT_EQ(ids("job/1/", "job/1/frames/000000000004").size(), 2U);
}

TEST_F(PayloadTest, PrefixesAreLookedUpInTheIndex) {
    const auto database = Database::open(path(), SQLITE_OPEN_READWRITE, "").value();

    for (const auto* sql : {"SELECT id, bytes FROM payload WHERE id >= 'a' AND id < 'b' ORDER BY id LIMIT 9",
                            "SELECT id, bytes FROM payload WHERE id > 'a' AND id < 'b' ORDER BY id LIMIT 9",
                            "SELECT id, bytes FROM payload WHERE id >= 'a' AND id <= 'b' ORDER BY id DESC LIMIT 1",
                            "DELETE FROM payload WHERE id >= 'a' AND id < 'b'"}) {
        auto plan = database.prepare(fmt::format("EXPLAIN QUERY PLAN {}", sql));
        ASSERT_TRUE(plan);
        ASSERT_TRUE(plan->step().value());
        EXPECT_NE(plan->text(3).find("SEARCH payload USING"), std::string::npos) << plan->text(3);
        EXPECT_NE(plan->text(3).find("(id>? AND id<?)"), std::string::npos) << plan->text(3);
        EXPECT_FALSE(plan->step().value()) << "a second step is a sort";
    }
}

TEST(PayloadPrefixTest, ThatWouldReachEverythingIsABug) {
    EXPECT_DEATH((void)end_of_prefix(""), "");
}

}  // namespace
}  // namespace rbees::store
