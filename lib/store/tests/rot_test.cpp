#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <random>

#include "journal_fixture.hpp"

namespace rbees::store {
namespace {

constexpr int things = 40;

std::string content_of(const std::filesystem::path& file) {
    std::ifstream input(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(input), {}};
}

/// A closed journal with records, rows and payloads, and everything that a reader can get out of it.
class RotTest : public JournalTest {
  protected:
    void SetUp() override {
        open();
        for (int thing = 0; thing < things; ++thing) {
            Batch batch = batch_of(fmt::format("record {}", thing));
            batch.entities = {job(fmt::format("job-{}", thing))};
            batch.payloads = {{fmt::format("text-{}", thing), "salt", std::string(400, 'a' + thing % 26)}};
            ASSERT_TRUE(commit(std::move(batch)));
        }
        journal.reset();
        good = content_of(path());
        expected = read_all(path());
        ASSERT_TRUE(expected.has_value());
    }

    /// None if damage was noticed anywhere.
    static std::optional<std::string> read_all(const std::filesystem::path& database) {
        const auto reader = Reader::open(database);
        if (!reader || (*reader)->verify().first_problem) return std::nullopt;
        std::string all;
        const auto add_record = [&](const StoredRecord& stored) { all += stored.record.type + stored.record.body; };
        if (!(*reader)->replay(1, add_record)) return std::nullopt;
        const auto live = (*reader)->live_entities("job");
        if (!live) return std::nullopt;
        for (const auto& row : *live)
            all += row.entity.id + row.entity.status + row.entity.json;
        for (int thing = 0; thing < things; ++thing) {
            const auto payload = (*reader)->payload(fmt::format("text-{}", thing));
            if (!payload) return std::nullopt;
            all += *payload ? (**payload).bytes : "none";
        }
        return all;
    }

    std::string good;
    std::optional<std::string> expected;
};

TEST_F(RotTest, AnyBitThatFlipsIsNoticedOrChangesNothingThatIsRead) {
    constexpr int flips = 1'000;
    const auto rotten = folder.path() / "rotten.db";
    std::mt19937 random(20'251'121);
    int noticed = 0;
    for (int flip = 0; flip < flips; ++flip) {
        auto bytes = good;
        const auto place = random() % bytes.size();
        const auto bit = random() % 8;
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << bit));
        std::ofstream(rotten, std::ios::binary | std::ios::trunc) << bytes;
        for (const auto* suffix : {"-wal", "-shm"})
            std::filesystem::remove(rotten.native() + suffix);

        const auto found = read_all(rotten);

        noticed += found ? 0 : 1;
        ASSERT_TRUE(!found || found == expected) << "bit " << bit << " of byte " << place;
    }
    EXPECT_GT(noticed, flips / 4) << "the flips hardly ever hit what is read";
}

}  // namespace
}  // namespace rbees::store
