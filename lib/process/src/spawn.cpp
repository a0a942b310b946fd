#include "rbees/process/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "environment.hpp"
#include "rbees/base/assert.hpp"

namespace rbees::process {
namespace {

/// A descriptor of ours above all targets, so that no target overwrites a source before it was used.
struct Source {
    UniqueFd fd;
    int target;
};

/// posix_spawn's list of what the child does with its descriptors before exec.
class FileActions {
  public:
    FileActions() { check(::posix_spawn_file_actions_init(&actions_)); }
    ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
    FileActions(const FileActions&) = delete;
    FileActions& operator=(const FileActions&) = delete;

    void enter(const std::filesystem::path& folder) {
        check(::posix_spawn_file_actions_addchdir_np(&actions_, folder.c_str()));
    }

    /// Leaves the child with stdin, stdout, stderr and the sources' targets, and closes everything else.
    void keep_only(const std::vector<Source>& sources) {
        check(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
        int last = STDERR_FILENO;
        for (const auto& source : sources) {
            check(::posix_spawn_file_actions_adddup2(&actions_, source.fd.get(), source.target));
            last = std::max(last, source.target);
        }
        for (int fd = STDERR_FILENO + 1; fd < last; ++fd) {
            if (std::ranges::find(sources, fd, &Source::target) == sources.end()) {
                check(::posix_spawn_file_actions_addclose(&actions_, fd));
            }
        }
        check(::posix_spawn_file_actions_addclosefrom_np(&actions_, last + 1));
    }

    [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

  private:
    /// These calls fail for want of memory or for a wrong number only.
    static void check(int error) { RBEES_ASSERT(error == 0); }

    posix_spawn_file_actions_t actions_{};
};

/// Default signals, nothing blocked, and a session as the plan says.
class Attributes {
  public:
    explicit Attributes(Session session) {
        RBEES_ASSERT(::posix_spawnattr_init(&attributes_) == 0);
        sigset_t all;
        sigset_t none;
        ::sigfillset(&all);
        ::sigemptyset(&none);
        const int own_session = session == Session::own ? POSIX_SPAWN_SETSID : 0;
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        const auto flags = static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | own_session);
        RBEES_ASSERT(::posix_spawnattr_setflags(&attributes_, flags) == 0);
    }
    ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
    Attributes(const Attributes&) = delete;
    Attributes& operator=(const Attributes&) = delete;

    [[nodiscard]] const posix_spawnattr_t* get() const { return &attributes_; }

  private:
    posix_spawnattr_t attributes_{};
};

std::string cannot_start(const SpawnPlan& plan) {
    return fmt::format("cannot start {}", plan.program.native());
}

Result<void> add_source(const SpawnPlan& plan, PassedFile file, std::vector<Source>& sources) {
    RBEES_ASSERT(0 <= file.target && file.target <= passed_target_max);
    UniqueFd copy(::fcntl(file.fd, F_DUPFD_CLOEXEC, passed_target_max + 1));
    if (!copy.valid()) {
        return fail_with_errno(fmt::format("{}: cannot pass descriptor {}", cannot_start(plan), file.fd));
    }
    sources.push_back({std::move(copy), file.target});
    return {};
}

Result<void> add_log(const SpawnPlan& plan, std::vector<Source>& sources) {
    const UniqueFd log(::open(plan.log_file->c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
    if (!log.valid()) {
        return fail_with_errno(fmt::format("{}: cannot open log file {}", cannot_start(plan), plan.log_file->native()),
                               "check that its folder is there and can be written to");
    }
    for (const int target : {STDOUT_FILENO, STDERR_FILENO}) {
        if (auto added = add_source(plan, {log.get(), target}, sources); !added) return added;
    }
    return {};
}

Result<std::vector<Source>> open_sources(const SpawnPlan& plan) {
    std::vector<Source> sources;
    if (plan.log_file) {
        if (auto added = add_log(plan, sources); !added) return std::unexpected(added.error());
    }
    for (const auto& file : plan.files) {
        if (auto added = add_source(plan, file, sources); !added) return std::unexpected(added.error());
    }
    return sources;
}

Result<pid_t> start(const SpawnPlan& plan, const std::vector<Source>& sources) {
    FileActions actions;
    actions.keep_only(sources);
    if (plan.working_folder) actions.enter(*plan.working_folder);
    const Attributes attributes(plan.session);
    std::vector<std::string> arguments{plan.program.native()};
    arguments.insert(arguments.end(), plan.arguments.begin(), plan.arguments.end());
    auto environment = environment_of(plan);
    pid_t pid = 0;
    errno = ::posix_spawnp(&pid, plan.program.c_str(), actions.get(), attributes.get(), pointers_to(arguments).data(),
                           pointers_to(environment).data());
    if (errno != 0) return fail_with_errno(cannot_start(plan));
    return pid;
}

}  // namespace

Result<Process> spawn(const SpawnPlan& plan) {
    std::error_code error;
    if (plan.working_folder && !std::filesystem::is_directory(*plan.working_folder, error)) {
        return fail(fmt::format("{}: there is no folder {}", cannot_start(plan), plan.working_folder->native()));
    }
    const auto sources = open_sources(plan);
    if (!sources) return std::unexpected(sources.error());
    const auto pid = start(plan, *sources);
    if (!pid) return std::unexpected(pid.error());
    auto process = adopt_child(*pid);
    if (!process) {
        // Nobody could ever end it. The number is safe to use: an unreaped child keeps it.
        ::kill(*pid, SIGKILL);
        ::waitpid(*pid, nullptr, 0);
    }
    return process;
}

}  // namespace rbees::process
