#include "gguf_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "models.hpp"

namespace rbees::engine {
namespace {

class ModelFile : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string name = ::testing::TempDir() + "rbees-model-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string write(const std::string& bytes) const {
        const auto path = folder / "model.gguf";
        std::ofstream(path, std::ios::binary) << bytes;
        return path.string();
    }

    /// The first `size` bytes of a good model.
    std::string cut(const std::string& good, std::size_t size) const {
        std::string bytes(size, '\0');
        std::ifstream(good, std::ios::binary).read(bytes.data(), static_cast<std::streamsize>(size));
        return write(bytes);
    }

    static LoadErrorKind error_of_load(const LoadPlan& plan, std::string& message) {
        const auto engine = load_llama(plan, {}, Logger());
        if (engine) return LoadErrorKind::failed;
        message = engine.error().failure.message;
        return engine.error().kind;
    }

    std::filesystem::path folder;
    std::string message;
};

TEST_F(ModelFile, ThatIsMissingIsNamed) {
    const auto path = (folder / "absent.gguf").string();

    EXPECT_EQ(error_of_load({.model_path = path}, message), LoadErrorKind::file_missing);
    EXPECT_NE(message.find(path), std::string::npos);
}

TEST_F(ModelFile, ThatIsNoGgufIsCorrupt) {
    EXPECT_EQ(error_of_load({.model_path = write("<html>404</html>")}, message), LoadErrorKind::file_corrupt);
    EXPECT_NE(message.find("not a GGUF file"), std::string::npos) << message;
    EXPECT_EQ(error_of_load({.model_path = write("")}, message), LoadErrorKind::file_corrupt);
}

TEST_F(ModelFile, WithABrokenHeaderIsCorrupt) {
    EXPECT_EQ(error_of_load({.model_path = write("GGUF\x03\x00")}, message), LoadErrorKind::file_corrupt);
    EXPECT_EQ(
        error_of_load({.model_path = write("GGUF\x03" + std::string(3, '\0') + std::string(64, '\xff'))}, message),
        LoadErrorKind::file_corrupt);
}

TEST_F(ModelFile, ThatWasCutOffIsCorruptAndSaysHowMuchThereIs) {
    const auto good = testing::model_file("smollm2.sh");
    if (!good) GTEST_SKIP() << testing::no_model;

    EXPECT_EQ(error_of_load({.model_path = cut(*good, 20'000'000)}, message), LoadErrorKind::file_corrupt);
    EXPECT_NE(message.find("20000000"), std::string::npos) << message;
    EXPECT_EQ(error_of_load({.model_path = cut(*good, 100'000)}, message), LoadErrorKind::file_corrupt);
}

TEST_F(ModelFile, TellsWhatAModelIsFor) {
    const auto chat = testing::model_file("smollm2.sh");
    const auto embedding = testing::model_file("minilm.sh");
    if (!chat || !embedding) GTEST_SKIP() << testing::no_model;

    const auto chat_facts = inspect_model(*chat);
    const auto embedding_facts = inspect_model(*embedding);

    ASSERT_TRUE(chat_facts && embedding_facts);
    EXPECT_EQ(chat_facts->kind, Kind::chat);
    EXPECT_EQ(chat_facts->kv_per_token, Bytes(30 * 3 * 128 * 2));  // layers, heads, key and value, 16 bits
    EXPECT_EQ(embedding_facts->kind, Kind::embedding);
    EXPECT_FALSE(embedding_facts->causal);
    EXPECT_EQ(embedding_facts->trained, Tokens(512));
}

TEST_F(ModelFile, ThatNeedsMoreMemoryThanThereIsIsRefusedWithTheNumbers) {
    const auto good = testing::model_file("smollm2.sh");
    if (!good) GTEST_SKIP() << testing::no_model;

    const LoadPlan plan{.model_path = *good, .slots = 64, .context = Tokens(1'000'000'000), .gpu_layers = 0};

    EXPECT_EQ(error_of_load(plan, message), LoadErrorKind::not_enough_memory);
    EXPECT_NE(message.find("is free"), std::string::npos) << message;
}

}  // namespace
}  // namespace rbees::engine
