// Replays the golden journals of every release: tests/golden/<release>.jsonl holds records as that release wrote them
// ({type, version, body} a line), <release>.rows.jsonl the rows that they left.
//
// They stand for what is on people's disks, so those of a released version are never changed, regenerated or deleted;
// when one of these tests fails, the program is wrong. For a new version ThisReleaseHasAGoldenJournal fails, writes the
// two files into a temporary folder and says where: read them, then copy them to tests/golden. Until that version is
// released it may be repeated: delete the two files, run the test, copy.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "fake_journal.hpp"
#include "rbees/kernel/records.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"
#include "samples.hpp"

namespace rbees::kernel {

BOOST_DESCRIBE_ENUM(RowPhase, live, terminal, erased)

/// A line of a journal. The body stands as JSON, not as text, for those who read the file.
struct GoldenRecord {
    std::string type;
    std::uint32_t version = 0;
    reflect::json::value body;
};
BOOST_DESCRIBE_STRUCT(GoldenRecord, (), (type, version, body))

/// A line of the rows. Erased ones leave none.
struct GoldenRow {
    std::string kind;
    std::string id;
    RowPhase phase = RowPhase::live;
    std::string status;
    std::string model;
    WallTime created_at{};
    std::optional<WallTime> due_at;
    reflect::json::value json;
};
BOOST_DESCRIBE_STRUCT(GoldenRow, (), (kind, id, phase, status, model, created_at, due_at, json))

namespace {

namespace fs = std::filesystem;

const fs::path golden_folder = RBEES_GOLDEN_FOLDER;
const std::string this_release = RBEES_GOLDEN_RELEASE;

fs::path records_file(const fs::path& folder, const std::string& release) {
    return folder / (release + ".jsonl");
}

fs::path rows_file(const fs::path& folder, const std::string& release) {
    return folder / (release + ".rows.jsonl");
}

/// The releases that have a golden journal, in order.
std::set<std::string> golden_releases() {
    std::set<std::string> releases;
    for (const auto& file : fs::directory_iterator(golden_folder)) {
        const auto name = file.path().filename().string();
        if (name.ends_with(".jsonl") && !name.ends_with(".rows.jsonl")) releases.insert(file.path().stem().string());
    }
    return releases;
}

template <class Line>
std::vector<Line> lines_of(const fs::path& path) {
    std::vector<Line> lines;
    std::ifstream file(path);
    EXPECT_TRUE(file.is_open()) << path;
    for (std::string text; std::getline(file, text);) {
        auto line = reflect::from_json_text<Line>(text);
        EXPECT_TRUE(line) << path << ": " << reflect::describe(line.error()) << "\n" << text;
        if (line) lines.push_back(std::move(*line));
    }
    EXPECT_FALSE(lines.empty()) << path;
    return lines;
}

RecordText text_of_line(const GoldenRecord& line) {
    return {line.type, line.version, reflect::to_text(line.body)};
}

GoldenRow line_of(const EntityRow& row) {
    return {row.kind,  row.id,         row.phase,  row.status,
            row.model, row.created_at, row.due_at, reflect::parse_json(row.json).value()};
}

/// State and rows after the records.
struct Replayed {
    State state;
    RowTable rows;
};

Replayed replay(const std::vector<RecordText>& texts) {
    Replayed replayed;
    for (const auto& text : texts) {
        const auto record = read_record(text);
        EXPECT_TRUE(record) << describe(record.error()) << "\n" << text.body;
        if (!record) continue;
        apply(replayed.state, *record);
        for (const auto& row : rows_of({*record}, replayed.state)) {
            put_row(replayed.rows, row);
        }
        forget_ended(replayed.state);
    }
    return replayed;
}

Replayed replay_release(const std::string& release) {
    std::vector<RecordText> texts;
    for (const auto& line : lines_of<GoldenRecord>(records_file(golden_folder, release))) {
        texts.push_back(text_of_line(line));
    }
    return replay(texts);
}

/// Whether `now` says all that `then` said; a later release may say more.
bool still_says(const reflect::json::value& now, const reflect::json::value& then) {
    if (now.is_object() && then.is_object()) {
        return std::ranges::all_of(then.get_object(), [&](const auto& member) {
            const auto* found = now.get_object().if_contains(member.key());
            return found != nullptr && still_says(*found, member.value());
        });
    }
    if (now.is_array() && then.is_array()) {
        return std::ranges::equal(now.get_array(), then.get_array(), still_says);
    }
    return now == then;
}

void expect_row(const EntityRow& row, const GoldenRow& then) {
    const auto now = line_of(row);
    SCOPED_TRACE(reflect::to_json_text(now));
    EXPECT_EQ(now.kind, then.kind);
    EXPECT_EQ(now.id, then.id);
    EXPECT_EQ(now.phase, then.phase);
    EXPECT_EQ(now.status, then.status);
    EXPECT_EQ(now.model, then.model);
    EXPECT_EQ(now.created_at, then.created_at);
    EXPECT_EQ(now.due_at, then.due_at);
    EXPECT_TRUE(still_says(now.json, then.json)) << "was " << reflect::to_text(then.json);
}

/// Writes what the sample journal gives today.
void write_proposal(const fs::path& folder) {
    fs::create_directories(folder);
    std::ofstream records(records_file(folder, this_release));
    std::vector<RecordText> texts;
    for (const auto& record : sample_journal()) {
        const auto text = write_record(record);
        const GoldenRecord line{text.type, text.version, reflect::parse_json(text.body).value()};
        records << reflect::to_json_text(line) << "\n";
        texts.push_back(text);
    }
    std::ofstream rows(rows_file(folder, this_release));
    for (const auto& [key, row] : replay(texts).rows) {
        rows << reflect::to_json_text(line_of(row)) << "\n";
    }
}

TEST(GoldenJournal, ThisReleaseHasAGoldenJournal) {
    if (golden_releases().contains(this_release)) return;

    const auto folder = fs::path(testing::TempDir()) / ("rbees-golden-" + this_release);
    write_proposal(folder);
    FAIL() << "there is no golden journal of " << this_release << ": read the files in " << folder
           << " and copy them to " << golden_folder;
}

TEST(GoldenJournal, OfThisReleaseHasEveryTypeThatItWrites) {
    std::set<std::string> written;
    for (const auto& record : sample_journal()) {
        written.insert(write_record(record).type);
    }

    std::set<std::string> golden;
    for (const auto& line : lines_of<GoldenRecord>(records_file(golden_folder, this_release))) {
        golden.insert(line.type);
    }

    EXPECT_EQ(golden, written);
}

TEST(GoldenJournal, OfEveryReleaseGivesTheRowsThatItGaveThen) {
    for (const auto& release : golden_releases()) {
        SCOPED_TRACE(release);
        const auto then = lines_of<GoldenRow>(rows_file(golden_folder, release));

        const auto replayed = replay_release(release);

        ASSERT_EQ(replayed.rows.size(), then.size());
        auto line = then.begin();
        for (const auto& [key, row] : replayed.rows) {
            expect_row(row, *line++);
        }
    }
}

TEST(GoldenJournal, RowsOfEveryReleaseRestoreTheStateThatItsRecordsGive) {
    for (const auto& release : golden_releases()) {
        SCOPED_TRACE(release);

        State restored;
        for (const auto& row : lines_of<GoldenRow>(rows_file(golden_folder, release))) {
            if (row.phase != RowPhase::live) continue;
            const auto result = restore_row(restored, row.kind, reflect::to_text(row.json));
            EXPECT_TRUE(result) << describe(result.error());
        }

        EXPECT_EQ(text_of(restored), text_of(replay_release(release).state));
    }
}

}  // namespace
}  // namespace rbees::kernel
