#include "rbees/daemon/process_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "rbees/base/files.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/process/process.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::daemon {
namespace {

TEST(ProcessFile, NamesThisProcessWhileItExistsAndIsGoneAfterwards) {
    const std::filesystem::path path = testing::TempDir() + "orcd-" + std::to_string(::getpid()) + ".json";

    {
        const auto file = ProcessFile::write(path, "rbees-orcd", "http://127.0.0.1:8080");
        ASSERT_TRUE(file);
        const auto content = reflect::from_json_text<contracts::ProcessFile>(*read_file(path));
        ASSERT_TRUE(content);
        EXPECT_EQ(content->name, "rbees-orcd");
        EXPECT_EQ(content->url, "http://127.0.0.1:8080");
        const auto same = process::open_if_same({content->pid, content->start_time, content->boot_id});
        EXPECT_TRUE(same && *same && (*same)->is_alive());
    }

    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ProcessFile, SaysWhereItCouldNotWrite) {
    const auto file = ProcessFile::write("/nonexistent-folder/orcd.json", "rbees-orcd", std::nullopt);

    ASSERT_FALSE(file);
    EXPECT_NE(file.error().message.find("/nonexistent-folder"), std::string::npos);
}

}  // namespace
}  // namespace rbees::daemon
