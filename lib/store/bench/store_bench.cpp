/// @file
/// How fast batches become durable. Each writer appends one record with its entity row and waits for the commit, as the
/// kernel does for each of its clients. The disk matters more than we do, so a bare fsync is measured beside it.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <vector>

#include "rbees/base/files.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::store {
namespace {

using std::chrono_literals::operator""s;
constexpr std::size_t writers_many = 200;
constexpr auto round_length = 5s;
constexpr int rounds = 3;

double milliseconds(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

Duration percentile(std::vector<Duration>& samples, std::size_t percent) {
    if (samples.empty()) return {};
    const auto place = samples.begin() + static_cast<std::ptrdiff_t>((samples.size() - 1) * percent / 100);
    std::ranges::nth_element(samples, place);
    return *place;
}

/// Overwrites and syncs one block, again and again: the floor under every commit.
Duration fsync_median(const std::filesystem::path& folder) {
    constexpr int samples_max = 500;
    const UniqueFd file(::open((folder / "fsync").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    const std::string block(4'096, 'x');
    std::vector<Duration> samples;
    for (int i = 0; i < samples_max; ++i) {
        const auto started = BootClock::now();
        if (::pwrite(file.get(), block.data(), block.size(), 0) < 0 || ::fdatasync(file.get()) != 0) return {};
        samples.push_back(BootClock::now() - started);
    }
    return percentile(samples, 50);
}

/// Closed loop: every writer has one batch on its way, and appends the next when that was reported.
class Round {
  public:
    Round(Journal& journal, std::size_t writers) : journal_(journal), running_(writers) {
        for (std::size_t writer = 0; writer < writers; ++writer)
            append(writer);
    }

    /// Waits for the end; the latency of every commit.
    std::vector<Duration> samples() {
        std::unique_lock lock(mutex_);
        finished_.wait(lock, [this] { return running_ == 0; });
        return std::move(samples_);
    }

  private:
    void append(std::size_t writer) {
        const auto started = BootClock::now();
        const std::string id = fmt::format("job-{}-{}", writer, count_++ / 8);
        Batch batch{.at = wall_now(), .records = {{"job:changed", 1, std::string(200, 'x')}}};
        batch.entities = {{.kind = "job",
                           .id = id,
                           .status = "running",
                           .model = "smol",
                           .owner = "ann",
                           .created_at = batch.at,
                           .json = std::string(300, 'x')}};
        const auto taken = journal_.append(std::move(batch), [this, writer, started](CommitResult) {
            samples_.push_back(BootClock::now() - started);
            if (BootClock::now() < end_) return append(writer);
            finish();
        });
        if (!taken) finish();
    }

    void finish() {
        const std::scoped_lock lock(mutex_);
        if (--running_ == 0) finished_.notify_all();
    }

    Journal& journal_;
    Instant end_ = BootClock::now() + round_length;
    std::atomic<std::size_t> count_ = 0;
    std::vector<Duration> samples_;  ///< the journal thread's, until the end
    std::mutex mutex_;
    std::condition_variable finished_;
    std::size_t running_;
};

void measure(Journal& journal, std::size_t writers) {
    const auto before = journal.metrics();
    auto samples = Round(journal, writers).samples();
    const auto after = journal.metrics();
    const auto transactions = std::max<std::uint64_t>(1, after.transactions - before.transactions);
    fmt::print("{:>4} writers: {:>7.0f} records/s  {:>6.1f} batches a commit  latency ms p50 {:.2f} p99 {:.2f}\n",
               writers, static_cast<double>(samples.size()) / std::chrono::duration<double>(round_length).count(),
               static_cast<double>(after.batches - before.batches) / static_cast<double>(transactions),
               milliseconds(percentile(samples, 50)), milliseconds(percentile(samples, 99)));
}

int run(const std::filesystem::path& folder) {
    auto journal = Journal::open(folder / "bench.db", {});
    if (!journal) {
        fmt::print(stderr, "{}\n", describe(journal.error().failure));
        return 1;
    }
    for (int round = 0; round < rounds; ++round) {
        fmt::print("fdatasync p50 {:.2f} ms\n", milliseconds(fsync_median(folder)));
        measure(**journal, 1);
        measure(**journal, writers_many);
    }
    return 0;
}

}  // namespace
}  // namespace rbees::store

int main(int count, char** arguments) {
    if (count != 2) {
        fmt::print(stderr, "usage: store_bench FOLDER   (an empty folder on the disk to be measured)\n");
        return 2;
    }
    return rbees::store::run(arguments[1]);
}
