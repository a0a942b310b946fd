#pragma once
/// @file
/// A journal in a folder of its own, and waiting for what its thread reports.

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "rbees/store/journal.hpp"

namespace rbees::store {

inline constexpr auto deadline = std::chrono::seconds(20);
inline constexpr WallTime noon{std::chrono::milliseconds(1'763'724'218'120)};

class TemporaryFolder {
  public:
    TemporaryFolder() {
        // In memory where possible: what a sync does to a disk is not what these tests are about.
        const std::string parent = ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm/" : testing::TempDir();
        std::string pattern = parent + "rbees-store-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// Opened by one thread, passed by another.
class Door {
  public:
    void close() {
        const std::scoped_lock lock(mutex_);
        is_open_ = false;
    }
    void open() {
        // Notified under the lock: as soon as it is free, whoever waited may go on and destroy the door.
        const std::scoped_lock lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }
    [[nodiscard]] bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, deadline, [this] { return is_open_; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_open_ = false;
};

/// A batch of one record.
inline Batch batch_of(std::string body, Admission admission = Admission::ordinary) {
    return {.at = noon, .admission = admission, .records = {{"test:happened", 1, std::move(body)}}};
}

inline EntityChange job(std::string id, std::string status = "queued", EntityPhase phase = EntityPhase::live) {
    return {.kind = "job",
            .id = std::move(id),
            .phase = phase,
            .status = std::move(status),
            .model = "smol",
            .owner = "ann",
            .created_at = noon,
            .json = R"({"prompt":"payload-1"})"};
}

/// Small, quick and never short of space, unless a test says otherwise.
inline JournalOptions test_options() {
    JournalOptions options;
    options.reserve = kibibytes(64);
    options.disk_space = [] { return DiskSpace{mebibytes(10'000), mebibytes(100'000)}; };
    options.storage_failed = [](const Failure& failure) { ADD_FAILURE() << describe(failure); };
    return options;
}

class JournalTest : public testing::Test {
  protected:
    void open() { open(test_options()); }
    void open(JournalOptions options) {
        auto opened = Journal::open(path(), std::move(options));
        if (!opened) throw std::runtime_error(describe(opened.error().failure));  // ends the test, as a failure
        journal = std::move(*opened);
    }
    void reopen() {
        journal.reset();
        open();
    }

    /// Appends and waits for what is reported.
    CommitResult commit(Batch batch) {
        std::promise<CommitResult> reported;
        auto result = reported.get_future();
        auto taken = journal->append(std::move(batch), [&](CommitResult outcome) { reported.set_value(outcome); });
        if (!taken) return std::unexpected(taken.error());
        if (result.wait_for(deadline) != std::future_status::ready) std::abort();
        return result.get();
    }

    std::unique_ptr<Reader> reader() {
        auto opened = journal->open_reader();
        if (!opened) throw std::runtime_error(describe(opened.error()));
        return std::move(*opened);
    }

    std::vector<std::string> bodies() {
        std::vector<std::string> found;
        const auto replayed =
            reader()->replay(1, [&](const StoredRecord& stored) { found.push_back(stored.record.body); });
        EXPECT_TRUE(replayed) << describe(replayed.error());
        return found;
    }

    [[nodiscard]] std::filesystem::path path() const { return folder.path() / "orcd.db"; }

    TemporaryFolder folder;
    std::unique_ptr<Journal> journal;
};

}  // namespace rbees::store
