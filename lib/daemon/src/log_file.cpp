#include "rbees/daemon/log_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <system_error>

#include "rbees/base/assert.hpp"
#include "rbees/base/files.hpp"

namespace rbees::daemon {
namespace {

namespace fs = std::filesystem;

bool is_same_file(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Makes room for a file at "log.1": every older one gets the next number, those beyond `keep` go.
void count_up(const fs::path& log, std::uint32_t keep) {
    std::error_code ignored;  // a number may be missing
    for (auto age = keep == 0 ? 1 : keep; fs::remove(older_log(log, age), ignored); ++age) {
    }
    for (auto age = keep; age > 1; --age) {
        fs::rename(older_log(log, age - 1), older_log(log, age), ignored);
    }
}

void set_aside(const fs::path& log, std::uint32_t keep) {
    std::error_code ignored;
    count_up(log, keep);
    if (keep > 0) fs::rename(log, older_log(log, 1), ignored);
}

/// The file that stderr is appended to, if it is one and still lies where it was opened.
fs::path log_behind_stderr() {
    struct stat opened{};
    struct stat named{};
    if (::fstat(STDERR_FILENO, &opened) != 0 || !S_ISREG(opened.st_mode)) return {};
    if ((::fcntl(STDERR_FILENO, F_GETFL) & O_APPEND) == 0) return {};
    std::error_code error;
    auto path = fs::read_symlink("/proc/self/fd/2", error);
    if (error || ::stat(path.c_str(), &named) != 0 || !is_same_file(opened, named)) return {};
    return path;
}

/// Writes lines to stderr, and moves it to a new file when the old one is full. Used by one thread at a time.
class StderrLog {
  public:
    explicit StderrLog(LogLimits limits) : limits_(limits), log_(log_behind_stderr()) {}

    void write(std::string_view line) {
        if (!log_.empty() && is_full()) begin_new_file();
        std::string text(line);  // with its end in one write, so that lines of other processes stay whole too
        text += '\n';
        for (std::string_view rest = text; !rest.empty();) {
            const auto written = ::write(STDERR_FILENO, rest.data(), rest.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return;  // there is no place left to say it
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
    }

  private:
    [[nodiscard]] bool is_full() const {
        struct stat opened{};
        return ::fstat(STDERR_FILENO, &opened) == 0 && static_cast<std::uint64_t>(opened.st_size) >= limits_.size.value;
    }

    /// First stderr moves, then names change: whoever finds a new file under the log's name has an old one before him
    /// to which nothing is added any more. Where the process dies in between, the next one goes on with the new file.
    void begin_new_file() {
        const auto beside = fs::path(log_.native() + ".new");
        const UniqueFd fresh(::open(beside.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        struct stat out{};
        struct stat err{};
        const bool are_known = ::fstat(STDOUT_FILENO, &out) == 0 && ::fstat(STDERR_FILENO, &err) == 0;
        if (!fresh.valid() || ::dup2(fresh.get(), STDERR_FILENO) < 0) return;
        if (are_known && is_same_file(out, err)) ::dup2(fresh.get(), STDOUT_FILENO);
        set_aside(log_, limits_.keep);
        std::error_code ignored;
        fs::rename(beside, log_, ignored);
    }

    LogLimits limits_;
    fs::path log_;  ///< empty: nothing of ours to bound
};

}  // namespace

LogLevel log_level(const Config& config) {
    const auto level = parse_log_level(config.text("log.level"));
    RBEES_ASSERT(level.has_value());  // the table has no other choices
    return *level;
}

LogLimits log_limits(const Config& config) {
    return {.size = config.bytes("log.size"), .keep = static_cast<std::uint32_t>(config.integer("log.keep"))};
}

Logger log_to_stderr(LogLevel level, LogLimits limits) {
    return Logger::to_function(level, [log = std::make_shared<StderrLog>(limits)](std::string_view line) {  //
        log->write(line);
    });
}

void set_aside_if_full(const fs::path& log, LogLimits limits) {
    std::error_code error;
    const auto size = fs::file_size(log, error);
    if (error || size < limits.size.value) return;
    set_aside(log, limits.keep);
    if (limits.keep == 0) fs::remove(log, error);
}

fs::path older_log(const fs::path& log, std::uint32_t age) {
    return log.native() + "." + std::to_string(age);
}

}  // namespace rbees::daemon
