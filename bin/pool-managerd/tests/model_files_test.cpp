#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fake_source.hpp"
#include "models/gguf_header.hpp"
#include "models/model_store.hpp"
#include "rbees/base/files.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "test_house.hpp"
#include "workers/orphans.hpp"

namespace rbees::poold {
namespace {

using contracts::ModelKind;
using testing::HasSubstr;

TEST(GgufHeaderTest, ReadsTheArchitecture) {
    const auto header = read_gguf_header(gguf_bytes(200));

    ASSERT_TRUE(header) << header.error();
    EXPECT_EQ(header->architecture, "llama");
    EXPECT_EQ(header->version, 3U);
}

TEST(GgufHeaderTest, ReadsHowAModelPools) {
    const auto header = read_gguf_header(rerank_bytes(300));

    ASSERT_TRUE(header) << header.error();
    EXPECT_EQ(header->architecture, "bert");
    EXPECT_EQ(kind_of(*header), ModelKind::rerank);
}

TEST(GgufHeaderTest, RefusesOtherFilesAndSaysSo) {
    EXPECT_THAT(read_gguf_header("<html>").error(), HasSubstr("not a GGUF"));
    EXPECT_THAT(read_gguf_header("GGUF").error(), HasSubstr("cut short"));
    auto old = gguf_bytes(200);
    old[4] = 1;
    EXPECT_THAT(read_gguf_header(old).error(), HasSubstr("version 1"));
}

TEST(GgufHeaderTest, KnowsWhatAModelIsFor) {
    EXPECT_EQ(kind_of({.architecture = "bert"}), ModelKind::embedding);
    EXPECT_EQ(kind_of({.architecture = "bert", .pooling = 4}), ModelKind::rerank);
    EXPECT_EQ(kind_of({.architecture = "qwen3"}), ModelKind::chat);
}

RC_GTEST_PROP(GgufHeaderProperty, SurvivesAnyBytes, (const std::string& bytes)) {
    const auto header = read_gguf_header(gguf_bytes(0).substr(0, 24) + bytes);

    const bool is_answered = header.has_value() || !header.error().empty();
    RC_ASSERT(is_answered);
}

class ModelStoreTest : public testing::Test {
  protected:
    ModelStore store() { return {house.home.models, Logger()}; }

    Manifest put(const std::string& id, std::vector<contracts::ModelSource> sources = {}) {
        const auto file = house.folder() / "verified.gguf";
        EXPECT_TRUE(write_file_atomically(file, "bytes", FileAccess::everyone));
        auto models = store();
        EXPECT_TRUE(models.place(file, ModelId(id)));
        Manifest manifest{.id = ModelId(id), .size = Bytes(5), .sha256 = "aa", .sources = std::move(sources)};
        EXPECT_TRUE(models.add(manifest));
        return manifest;
    }

    TestHome house;
};

TEST_F(ModelStoreTest, ListsAfterARestartWhatWasAdded) {
    put("tiny");

    const auto models = store();

    ASSERT_NE(models.find(ModelId("tiny")), nullptr);
    EXPECT_EQ(models.reports().front().size, Bytes(5));
    EXPECT_EQ(read_file(models.path_of(ModelId("tiny")).value()), "bytes");
}

TEST_F(ModelStoreTest, KnowsAfterARestartWhatIsDamagedAndHowToMendIt) {
    put("cut");
    put("gone");
    std::filesystem::remove(house.home.models / "cut.gguf");
    ASSERT_TRUE(write_file_atomically(house.home.models / "cut.gguf", "byt", FileAccess::everyone));
    std::filesystem::remove(house.home.models / "gone.gguf");
    ASSERT_TRUE(write_file_atomically(house.home.models / "garbled.json", "{", FileAccess::everyone));

    const auto models = store();

    EXPECT_TRUE(models.reports().empty());
    ASSERT_EQ(models.damaged().size(), 3U);
    const auto fault = [&](const char* id) { return describe(models.damaged().at(ModelId(id)).fault); };
    EXPECT_THAT(fault("cut"), HasSubstr("has 3 bytes instead of 5 (rbees models pull cut, or rbees models rm cut)"));
    EXPECT_THAT(fault("gone"), HasSubstr("is missing (rbees models pull gone, or"));
    EXPECT_THAT(fault("garbled"), HasSubstr("garbled.json is broken (pull it again as it was pulled, or"));
}

TEST_F(ModelStoreTest, IsDamagedNoMoreWhenItIsAddedAgainOrRemoved) {
    const auto manifest = put("mended");
    put("removed");
    for (const auto* id : {"mended", "removed"})
        std::filesystem::remove(house.home.models / (std::string(id) + ".gguf"));
    auto models = store();
    ASSERT_EQ(models.damaged().size(), 2U);

    ASSERT_TRUE(models.place(house.folder() / "verified.gguf", ModelId("mended")));
    ASSERT_TRUE(models.add(manifest));
    ASSERT_TRUE(models.remove(ModelId("removed")));

    EXPECT_TRUE(models.damaged().empty());
    EXPECT_NE(models.find(ModelId("mended")), nullptr);
    EXPECT_FALSE(std::filesystem::exists(house.home.models / "removed.json"));
}

TEST_F(ModelStoreTest, LeavesNothingBesideAFileThatIsPlacedTwice) {
    put("tiny");

    ASSERT_TRUE(store().place(house.folder() / "verified.gguf", ModelId("tiny")));

    EXPECT_FALSE(std::filesystem::exists(house.home.models / "tiny.gguf.new"));
    EXPECT_EQ(read_file(house.home.models / "tiny.gguf"), "bytes");
}

TEST_F(ModelStoreTest, SaysWhenAListedFileHasChanged) {
    put("tiny");
    const auto models = store();
    std::filesystem::remove(house.home.models / "tiny.gguf");
    EXPECT_THAT(models.path_of(ModelId("tiny")).error().message, HasSubstr("is missing"));

    ASSERT_TRUE(write_file_atomically(house.home.models / "tiny.gguf", "byt", FileAccess::everyone));
    EXPECT_THAT(models.path_of(ModelId("tiny")).error().message, HasSubstr("3 bytes instead of 5"));
    EXPECT_THAT(models.path_of(ModelId("tiny")).error().remedy, HasSubstr("rbees models pull tiny"));
}

TEST_F(ModelStoreTest, ProposesAReferenceThatAShellTakesAsItIs) {
    const auto spec = pool::resolve_reference("file:/my models/tiny.gguf").value();
    put(spec.id.str(), spec.sources);
    const auto models = store();
    std::filesystem::remove(house.home.models / (spec.id.str() + ".gguf"));

    EXPECT_EQ(models.path_of(spec.id).error().remedy, "rbees models pull 'file:/my models/tiny.gguf'");
}

TEST_F(ModelStoreTest, FindsTheChatTemplateThatLiesBesideAModel) {
    put("tiny");
    put("other");
    const auto file = house.home.models / "tiny.jinja";
    ASSERT_TRUE(write_file_atomically(file, "{{ messages }}", FileAccess::everyone));

    const auto models = store();

    EXPECT_EQ(models.chat_template_of(ModelId("tiny")), file);
    EXPECT_EQ(models.chat_template_of(ModelId("other")), std::nullopt);
}

TEST_F(ModelStoreTest, RemovesManifestAndFile) {
    put("tiny");
    auto models = store();

    ASSERT_TRUE(models.remove(ModelId("tiny")));

    EXPECT_EQ(models.find(ModelId("tiny")), nullptr);
    EXPECT_TRUE(std::filesystem::is_empty(house.home.models));
}

TEST(OrphansTest, FindTheListenersOnPortsOfWorkers) {
    constexpr std::string_view table =
        "  sl  local_address rem_address   st tx_queue\n"
        "   0: 0100007F:1F41 00000000:0000 0A 00000000:00000000\n"
        "   1: 0100007F:1F42 0100007F:9999 01 00000000:00000000\n"
        "   2: 00000000:1F44 00000000:0000 0A 00000000:00000000\n"
        "   3: 0101A8C0:1F45 00000000:0000 0A 00000000:00000000\n"
        "   4: 0100007F:0050 00000000:0000 0A 00000000:00000000\n";

    EXPECT_EQ(listening_worker_ports(table), (std::set<std::uint16_t>{8001, 8004}));
}

RC_GTEST_PROP(OrphansProperty, SurviveAnyTable, (const std::string& text)) {
    for (const auto port : listening_worker_ports(text)) {
        RC_ASSERT(port >= 8001 && port <= 8999);
    }
}

}  // namespace
}  // namespace rbees::poold
