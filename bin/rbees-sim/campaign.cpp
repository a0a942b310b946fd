#include "campaign.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::sim {
namespace {

using simulation::Outcome;

/// An outcome on its way between processes: one line of JSON.
struct Line {
    std::uint64_t seed = 0;
    bool is_begin = false;  ///< nothing is known yet
    std::optional<std::string> check;
    std::string detail;
    std::int64_t at = 0;
    std::uint64_t steps = 0;
    std::int64_t virtual_time = 0;
    std::string trace_hash;
    std::map<std::string, std::uint64_t> counts;
    std::vector<std::int64_t> interactive;
    std::vector<std::int64_t> batch;
};
BOOST_DESCRIBE_STRUCT(Line, (),
                      (seed, is_begin, check, detail, at, steps, virtual_time, trace_hash, counts, interactive, batch))

std::vector<std::int64_t> to_numbers(const std::vector<Duration>& times) {
    std::vector<std::int64_t> numbers;
    for (const auto time : times) {
        numbers.push_back(time.count());
    }
    return numbers;
}

std::vector<Duration> to_times(const std::vector<std::int64_t>& numbers) {
    std::vector<Duration> times;
    for (const auto number : numbers) {
        times.emplace_back(number);
    }
    return times;
}

Line line_of(const Outcome& outcome) {
    Line line;
    line.seed = outcome.seed;
    if (outcome.violation) {
        line.check = outcome.violation->check;
        line.detail = outcome.violation->detail;
        line.at = outcome.violation->at.count();
    }
    line.steps = outcome.steps;
    line.virtual_time = outcome.virtual_time.count();
    line.trace_hash = fmt::format("{:016x}", outcome.trace_hash);
    line.counts = outcome.counts;
    line.interactive = to_numbers(outcome.waits.interactive);
    line.batch = to_numbers(outcome.waits.batch);
    return line;
}

Outcome outcome_of(const Line& line) {
    Outcome outcome;
    outcome.seed = line.seed;
    if (line.check) outcome.violation = {*line.check, line.detail, Duration(line.at)};
    outcome.steps = line.steps;
    outcome.virtual_time = Duration(line.virtual_time);
    outcome.trace_hash = std::stoull(line.trace_hash, nullptr, 16);
    outcome.counts = line.counts;
    outcome.waits = {to_times(line.interactive), to_times(line.batch)};
    return outcome;
}

bool write_all(int file, std::string text) {
    text += '\n';
    std::size_t written = 0;
    while (written < text.size()) {
        const auto count = ::write(file, text.data() + written, text.size() - written);
        if (count <= 0) return false;
        written += static_cast<std::size_t>(count);
    }
    return true;
}

std::string describe_end(int status) {
    if (WIFSIGNALED(status)) return fmt::format("signal {}", WTERMSIG(status));
    return fmt::format("exit code {}", WEXITSTATUS(status));
}

/// A process that runs every n-th seed, n being the number of processes.
class Job {
  public:
    Job(const Campaign& campaign, std::uint64_t first) : campaign_(campaign), next_(first) {}
    ~Job() { stop(); }
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

    [[nodiscard]] bool is_done() const { return next_ >= campaign_.first + campaign_.seeds; }
    [[nodiscard]] int file() const { return file_; }

    Result<void> start() {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) return fail_with_errno("cannot make a pipe");
        pid_ = ::fork();
        if (pid_ < 0) {
            const auto failure = fail_with_errno("cannot make a process");
            ::close(ends[0]);
            ::close(ends[1]);
            return failure;
        }
        if (pid_ == 0) {
            ::close(ends[0]);
            run_all(ends[1]);
        }
        ::close(ends[1]);
        file_ = ends[0];
        return {};
    }

    /// Reads what came. Hands on outcomes; that of a run in which the process died, too.
    Result<GoOn> read(const OnOutcome& on_outcome) {
        std::array<char, 65'536> bytes{};
        const auto count = ::read(file_, bytes.data(), bytes.size());
        if (count < 0) return fail_with_errno("cannot read what a run says");
        if (count == 0) return ended(on_outcome);
        buffer_.append(bytes.data(), static_cast<std::size_t>(count));
        for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
            const auto line = reflect::from_json_text<Line>(buffer_.substr(0, end)).value();
            buffer_.erase(0, end + 1);
            is_running_ = line.is_begin;
            next_ = line.seed + (line.is_begin ? 0 : campaign_.jobs);
            if (!line.is_begin && on_outcome(outcome_of(line)) == GoOn::no) return GoOn::no;
        }
        return GoOn::yes;
    }

  private:
    [[noreturn]] void run_all(int file) {
        for (auto seed = next_; seed < campaign_.first + campaign_.seeds; seed += campaign_.jobs) {
            if (campaign_.prepare) campaign_.prepare(seed);
            Line begin;
            begin.seed = seed;
            begin.is_begin = true;
            begin.trace_hash = "0";
            if (!write_all(file, reflect::to_json_text(begin))) ::_exit(1);
            if (!write_all(file, reflect::to_json_text(line_of(run_one(seed))))) ::_exit(1);
        }
        ::_exit(0);
    }

    [[nodiscard]] Outcome run_one(std::uint64_t seed) const {
        try {
            return simulation::run(simulation::draw_plan(seed, campaign_.options));
        } catch (const std::exception& error) {
            Outcome outcome;
            outcome.seed = seed;
            outcome.violation = {"exception", error.what(), {}};
            return outcome;
        }
    }

    /// The process has gone: at its end, or in the middle of a run; then another one goes on behind that.
    Result<GoOn> ended(const OnOutcome& on_outcome) {
        const auto status = wait();
        if (!status) return std::unexpected(status.error());
        if (!std::exchange(is_running_, false)) {
            if (is_done() && WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return GoOn::yes;
            return fail(fmt::format("a process ended with {} where no run was under way; seed {} was next",
                                    describe_end(*status), next_));
        }
        Outcome outcome;
        outcome.seed = next_;
        outcome.violation = {
            "abort",
            fmt::format("the process ended with {}; what it said last stands above", describe_end(*status)),
            {}};
        next_ += campaign_.jobs;
        buffer_.clear();
        if (on_outcome(outcome) == GoOn::no) return GoOn::no;
        if (is_done()) return GoOn::yes;
        if (auto started = start(); !started) return std::unexpected(started.error());
        return GoOn::yes;
    }

    /// The status of the process, which has closed its end of the pipe.
    Result<int> wait() {
        ::close(std::exchange(file_, -1));
        int status = 0;
        if (::waitpid(std::exchange(pid_, -1), &status, 0) < 0) return fail_with_errno("cannot wait for a process");
        return status;
    }

    /// Whatever it does at the moment.
    void stop() {
        if (file_ >= 0) ::close(std::exchange(file_, -1));
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
    }

    const Campaign& campaign_;
    std::uint64_t next_;
    pid_t pid_ = -1;
    int file_ = -1;
    bool is_running_ = false;
    std::string buffer_;
};

using Jobs = std::vector<std::unique_ptr<Job>>;

/// Waits until some of them say something, and reads it.
Result<GoOn> read_some(const Jobs& jobs, const OnOutcome& on_outcome) {
    std::vector<pollfd> files;
    for (const auto& job : jobs) {
        files.push_back({job->file(), POLLIN, 0});  // one that has ended has -1, which is left out
    }
    if (::poll(files.data(), files.size(), -1) < 0) return fail_with_errno("cannot wait for the runs");
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (files[i].revents == 0) continue;
        auto goes_on = jobs[i]->read(on_outcome);
        if (!goes_on || *goes_on == GoOn::no) return goes_on;
    }
    return GoOn::yes;
}

}  // namespace

Result<void> run_campaign(const Campaign& campaign, const OnOutcome& on_outcome) {
    std::uint64_t outcomes = 0;
    const OnOutcome count = [&](const Outcome& outcome) {
        ++outcomes;
        return on_outcome(outcome);
    };
    Jobs jobs;
    for (std::uint32_t number = 0; number < campaign.jobs; ++number) {
        auto job = std::make_unique<Job>(campaign, campaign.first + number);
        if (job->is_done()) break;
        if (auto started = job->start(); !started) return started;
        jobs.push_back(std::move(job));
    }
    while (std::ranges::any_of(jobs, [](const auto& job) { return job->file() >= 0; })) {
        const auto goes_on = read_some(jobs, count);
        if (!goes_on) return std::unexpected(goes_on.error());
        if (*goes_on == GoOn::no) return {};
    }
    if (outcomes == campaign.seeds) return {};
    return fail(fmt::format("{} seeds were to run, and {} outcomes came", campaign.seeds, outcomes));
}

}  // namespace rbees::sim
