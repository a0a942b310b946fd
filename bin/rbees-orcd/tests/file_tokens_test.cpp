/// The tokens that lie in files.

#include "file_tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "control/asio_world.hpp"
#include "control/pool_client.hpp"
#include "rbees/base/files.hpp"

namespace rbees::orcd {
namespace {

using contracts::Role;

/// Has everything on disk at once, unless the disk is full.
class FickleJournal : public kernel::JournalPort {
  public:
    [[nodiscard]] std::expected<void, kernel::JournalRefusal> admits(kernel::Urgency) const override {
        if (is_full) return std::unexpected(kernel::JournalRefusal::full);
        return {};
    }
    void append(kernel::JournalBatch, std::function<void()> durable) override { durable(); }

    bool is_full = false;
};

/// A home in a folder of its own.
class FileTokensTest : public testing::Test {
  protected:
    FileTokensTest() {
        auto pattern = (std::filesystem::temp_directory_path() / "rbees-tokens-XXXXXX").string();
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        home_.secrets = folder_ / "secrets";
        EXPECT_TRUE(make_private_folder(home_.secrets));
        fleet_.start([](const auto&) {}, [] {});
    }
    ~FileTokensTest() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] static std::string secret_in(const std::filesystem::path& file) {
        auto text = read_file(file, kibibytes(4)).value_or("");
        text.erase(text.find_last_not_of('\n') + 1);
        return text;
    }

    std::filesystem::path folder_;
    Home home_;
    net::IoContext io_;
    AsioWorld world_{io_};
    PoolClient pools_{io_};
    control::Policy policy_;
    FickleJournal journal_;
    control::FleetControl fleet_{{world_, pools_, journal_, {}}, policy_, {}};
};

TEST_F(FileTokensTest, AreMadeForTheOwnerOnlyAndKnownAtOnce) {
    ASSERT_TRUE(admit_file_tokens(home_, fleet_));

    const auto& access = fleet_.view().access;
    for (const auto& [file, role] :
         {std::pair(home_.admin_token(), Role::admin), std::pair(home_.node_token(), Role::node)}) {
        struct stat facts{};
        ASSERT_EQ(::stat(file.c_str(), &facts), 0);
        EXPECT_EQ(facts.st_mode & 0777, 0600U) << file;
        const auto* known = access.find(secret_in(file), wall_now());
        ASSERT_NE(known, nullptr);
        EXPECT_EQ(known->role, role);
    }
}

TEST_F(FileTokensTest, StayTheSameAtTheNextStart) {
    ASSERT_TRUE(admit_file_tokens(home_, fleet_));
    const auto secret = secret_in(home_.admin_token());
    const auto before = fleet_.state().access.tokens();

    ASSERT_TRUE(admit_file_tokens(home_, fleet_));

    EXPECT_EQ(secret_in(home_.admin_token()), secret);
    EXPECT_EQ(fleet_.state().access.tokens(), before);
}

TEST_F(FileTokensTest, AReplacedFileReplacesItsToken) {
    ASSERT_TRUE(admit_file_tokens(home_, fleet_));
    const auto old_admin = secret_in(home_.admin_token());
    const auto old_node = secret_in(home_.node_token());
    const std::string own = std::string(contracts::token_prefix) + "of-my-own";
    ASSERT_TRUE(write_file_atomically(home_.admin_token(), own + "\r\n", FileAccess::owner_only));
    std::filesystem::remove(home_.node_token());

    ASSERT_TRUE(admit_file_tokens(home_, fleet_));

    const auto& access = fleet_.view().access;
    EXPECT_EQ(access.find(old_admin, wall_now()), nullptr);
    EXPECT_EQ(access.find(old_node, wall_now()), nullptr);
    EXPECT_NE(access.find(own, wall_now()), nullptr);
    EXPECT_NE(access.find(secret_in(home_.node_token()), wall_now()), nullptr);
    EXPECT_EQ(fleet_.state().access.tokens().size(), 2U);
}

TEST_F(FileTokensTest, AFileWithSomethingElseStopsTheStart) {
    ASSERT_TRUE(write_file_atomically(home_.admin_token(), "", FileAccess::owner_only));

    const auto admitted = admit_file_tokens(home_, fleet_);

    ASSERT_FALSE(admitted);
    EXPECT_THAT(describe(admitted.error()), testing::HasSubstr("admin.token does not hold a token"));
}

TEST_F(FileTokensTest, AreNotTakenForKnownWhenTheDiskIsTooFullToRecordThem) {
    journal_.is_full = true;

    const auto refused = admit_file_tokens(home_, fleet_);

    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, testing::HasSubstr("nearly full"));

    journal_.is_full = false;
    ASSERT_TRUE(admit_file_tokens(home_, fleet_));
    journal_.is_full = true;
    EXPECT_TRUE(admit_file_tokens(home_, fleet_)) << "they are recorded already";
}

}  // namespace
}  // namespace rbees::orcd
