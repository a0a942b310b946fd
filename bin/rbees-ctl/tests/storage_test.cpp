#include <gmock/gmock.h>

#include <fstream>
#include <future>

#include "fake_orcd.hpp"
#include "rbees/base/files.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/store/journal.hpp"
#include "support.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A home whose rbees-orcd does not run, with a journal of two records and a row.
class StorageCommandTest : public CommandTest {
  protected:
    void SetUp() override { write({"first", "second"}); }

    void write(const std::vector<std::string>& bodies) const {
        std::filesystem::create_directories(home().state);
        auto journal = store::Journal::open(home().journal(), {});
        ASSERT_TRUE(journal) << describe(journal.error().failure);
        store::Batch batch;
        for (const auto& body : bodies) {
            batch.records.push_back({"test:happened", 1, body});
        }
        batch.entities.push_back({.kind = "job", .id = "a", .json = R"({"row":1})"});
        std::promise<void> done;
        ASSERT_TRUE((*journal)->append(std::move(batch), [&](const store::CommitResult&) { done.set_value(); }));
        done.get_future().wait();
    }

    /// Changes every `from` in a copy of the journal. They must be equally long.
    [[nodiscard]] std::filesystem::path tampered(const std::string& from, const std::string& to) const {
        const auto copy = folder / "copy.db";
        auto bytes = read_file(home().journal(), mebibytes(16)).value();
        for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at)) {
            bytes.replace(at, from.size(), to);
        }
        EXPECT_TRUE(write_file_atomically(copy, bytes, FileAccess::owner_only));
        return copy;
    }

    [[nodiscard]] std::string backup() const { return (folder / "backup").native(); }
};

TEST_F(StorageCommandTest, AGoodJournalIsFoundGoodWithoutRbeesOrcd) {
    const auto ran = run({"audit", "verify"});
    const auto in_json = run({"audit", "verify", "--json"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("the journal is good: 2 records, 1 entity, 0 payloads"));
    EXPECT_TRUE(reflect::parse_json(in_json.out)->at("good").as_bool());
}

TEST_F(StorageCommandTest, AChangedRecordIsNamed) {
    const auto ran = run({"audit", "verify", "--file", tampered("second", "sekond").native()});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("record 2 "));
    EXPECT_THAT(ran.err, HasSubstr("is damaged"));
    EXPECT_THAT(ran.out, IsEmpty());
}

TEST_F(StorageCommandTest, AChangedRowIsNamedAndTheReportIsThereForPrograms) {
    const auto ran = run({"audit", "verify", "--json", "--file", tampered(R"({"row":1})", R"({"row":2})").native()});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("JOURNAL_DAMAGED"));
    const auto report = reflect::parse_json(ran.out).value();
    EXPECT_FALSE(report.at("good").as_bool());
    EXPECT_EQ(report.at("problem"), "job a is damaged");
}

TEST_F(StorageCommandTest, AFileThatIsNoJournalOrNotThereIsSaidSo) {
    std::ofstream(folder / "text") << std::string(5'000, 'x');

    const auto absent = run({"audit", "verify", "--file", (folder / "absent").native()});
    const auto text = run({"audit", "verify", "--file", (folder / "text").native()});

    EXPECT_EQ(absent.exit, 3);
    EXPECT_THAT(absent.err, HasSubstr("absent"));
    EXPECT_EQ(text.exit, 1);
    EXPECT_THAT(text.err, HasSubstr((folder / "text").native()));
    EXPECT_FALSE(std::filesystem::exists(folder / "absent"));
}

TEST_F(StorageCommandTest, ARunningRbeesOrcdIsAsked) {
    FakeOrcd orcd;
    variables["RBEES_URL"] = orcd.url();
    orcd.on("GET /v2/audit/verify", 200,
            R"({"good":false,"problem":"record 7 in orcd.db is damaged","first":1,"records":6,"entities":0,)"
            R"("payloads":0,"head":{"sequence":6,"hash":"00"}})");

    const auto ran = run({"audit", "verify"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("record 7 in orcd.db is damaged"));
}

TEST_F(StorageCommandTest, WhatRbeesOrcdRefusesIsSaid) {
    FakeOrcd orcd;
    variables["RBEES_URL"] = orcd.url();
    orcd.on("POST /v2/backup", 409, R"({"title":"t","detail":"/b exists already","code":"CONFLICT","request_id":"r"})");

    const auto ran = run({"backup", "create", "/b"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("/b exists already"));
    EXPECT_EQ(orcd.requests().at(0).body, R"({"path":"/b"})");
}

TEST_F(StorageCommandTest, ABackupIsMadeCheckedAndPutBack) {
    const auto created = run({"backup", "create", backup()});
    const auto again = run({"backup", "create", backup()});
    const auto verified = run({"backup", "verify", backup()});
    write({"third"});
    const auto restored = run({"backup", "restore", backup(), "--yes"});
    const auto after = run({"audit", "verify"});

    EXPECT_EQ(created.exit, 0) << created.err;
    EXPECT_THAT(created.out, HasSubstr("everything up to record 2"));
    EXPECT_THAT(created.err, HasSubstr("not in it: config.toml, secrets/"));
    EXPECT_EQ(again.exit, 1);
    EXPECT_THAT(again.err, HasSubstr("exists already"));
    EXPECT_EQ(verified.exit, 0) << verified.err;
    EXPECT_EQ(restored.exit, 0) << restored.err;
    EXPECT_THAT(restored.err, HasSubstr("orcd.db.replaced-1"));
    EXPECT_THAT(after.out, HasSubstr("2 records"));
    EXPECT_EQ(run({"audit", "verify", "--file", home().journal().native() + ".replaced-1"}).exit, 0);
}

TEST_F(StorageCommandTest, ABackupIsPutIntoAHomeThatIsEmptyWithoutAsking) {
    ASSERT_EQ(run({"backup", "create", backup()}).exit, 0);
    variables["RBEES_HOME"] = (folder / "other").native();

    const auto restored = run({"backup", "restore", backup(), "--json"});

    EXPECT_EQ(restored.exit, 0) << restored.err;
    const auto said = reflect::parse_json(restored.out).value();
    EXPECT_TRUE(said.at("moved_aside").is_null());
    EXPECT_EQ(said.at("backup").at("head").at("sequence"), 2);
    EXPECT_THAT(run({"audit", "verify"}).out, HasSubstr("2 records"));
}

TEST_F(StorageCommandTest, WithoutAYesNothingIsReplaced) {
    ASSERT_EQ(run({"backup", "create", backup()}).exit, 0);
    write({"third"});

    const auto ran = run({"backup", "restore", backup()});

    EXPECT_EQ(ran.exit, 2);
    EXPECT_THAT(run({"audit", "verify"}).out, HasSubstr("3 records"));
}

TEST_F(StorageCommandTest, ABackupThatIsNotGoodIsNotPutBack) {
    ASSERT_EQ(run({"backup", "create", backup()}).exit, 0);
    std::filesystem::resize_file(backup(), std::filesystem::file_size(backup()) / 2);

    const auto verified = run({"backup", "verify", backup()});
    const auto restored = run({"backup", "restore", backup(), "--yes"});

    EXPECT_EQ(verified.exit, 1);
    EXPECT_THAT(verified.err, HasSubstr(backup()));
    EXPECT_EQ(restored.exit, 1);
    EXPECT_THAT(run({"audit", "verify"}).out, HasSubstr("2 records"));
}

TEST_F(StorageCommandTest, NothingIsPutBackWhileRbeesOrcdRuns) {
    ASSERT_EQ(run({"backup", "create", backup()}).exit, 0);
    const auto running = store::Journal::open(home().journal(), {});
    ASSERT_TRUE(running);

    const auto ran = run({"backup", "restore", backup(), "--yes"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("stop rbees-orcd first"));
}

}  // namespace
}  // namespace rbees::ctl
