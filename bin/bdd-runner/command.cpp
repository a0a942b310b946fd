#include "command.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "rbees/base/files.hpp"

namespace rbees::bdd {
namespace {

constexpr std::size_t output_bytes_max = 4 << 20;  // of each stream; the rest is read and dropped
constexpr auto hold_limit = std::chrono::seconds(2);

struct Pipe {
    UniqueFd reading;
    UniqueFd writing;
};

std::optional<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts)
        pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Where the program lies along the PATH of that environment: posix_spawnp would look along our own.
std::string find_program(const std::string& name, const std::vector<std::string>& environment) {
    if (name.contains('/')) return name;
    for (const auto& variable : environment) {
        if (!variable.starts_with("PATH=")) continue;
        std::string_view folders = std::string_view(variable).substr(5);
        while (!folders.empty()) {
            const auto end = std::min(folders.find(':'), folders.size());
            auto path = fmt::format("{}/{}", folders.substr(0, end), name);
            if (access(path.c_str(), X_OK) == 0) return path;
            folders.remove_prefix(std::min(end + 1, folders.size()));
        }
    }
    return name;
}

std::expected<pid_t, std::string> start(const Command& command, const Pipe& out, const Pipe& err) {
    auto words = command.words;
    auto environment = command.environment;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out.writing.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.writing.get(), STDERR_FILENO);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    pid_t child = 0;
    const int error = posix_spawn(&child, find_program(words.front(), environment).c_str(), &actions, &attributes,
                                  pointers_to(words).data(), pointers_to(environment).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) return std::unexpected(fmt::format("cannot run {}: {}", words.front(), std::strerror(error)));
    return child;
}

/// Reads what there is; closes the descriptor at its end.
void read_some(UniqueFd& from, std::string& to) {
    std::array<char, 65536> buffer;
    const auto count = read(from.get(), buffer.data(), buffer.size());
    if (count <= 0) return from.reset();
    const auto room = output_bytes_max - std::min(output_bytes_max, to.size());
    to.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
}

int milliseconds_until(Instant deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(0, left));
}

/// Reads both streams until they end, or the process ended and whatever is left holds them too long. False at
/// `deadline`.
bool follow(Pipe& out, Pipe& err, UniqueFd& process, Instant deadline, CommandResult& result) {
    while (out.reading.valid() || err.reading.valid() || process.valid()) {
        std::array<pollfd, 3> watched{{{out.reading.get(), POLLIN, 0},
                                       {err.reading.get(), POLLIN, 0},
                                       {process.get(), POLLIN, 0}}};  // poll skips a descriptor of -1
        const int ready = poll(watched.data(), watched.size(), milliseconds_until(deadline));
        if (ready == 0) {
            result.let_go = process.valid();
            return !process.valid();
        }
        if (watched[0].revents != 0) read_some(out.reading, result.out);
        if (watched[1].revents != 0) read_some(err.reading, result.err);
        if (watched[2].revents != 0) {
            process.reset();
            deadline = std::min(deadline, BootClock::now() + hold_limit);
        }
    }
    return true;
}

}  // namespace

std::expected<CommandResult, std::string> run_command(const Command& command) {
    auto out = make_pipe();
    auto err = make_pipe();
    if (!out || !err) return std::unexpected(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
    const auto child = start(command, *out, *err);
    if (!child) return std::unexpected(child.error());
    out->writing.reset();
    err->writing.reset();
    UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, *child, 0)));  // Debian 12's header lacks extern "C"

    CommandResult result;
    const bool ended = follow(*out, *err, process, BootClock::now() + command.limit, result);
    if (!ended) kill(-*child, SIGKILL);
    int status = 0;
    waitpid(*child, &status, 0);
    if (!ended) {
        return std::unexpected(fmt::format("`{}` did not end within {}; it said: {}{}", fmt::join(command.words, " "),
                                           describe(command.limit), result.out, result.err));
    }
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

std::expected<std::vector<std::string>, std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    std::optional<std::string> word;
    char quote = 0;
    for (const char character : line) {
        if (quote != 0 && character == quote) {
            quote = 0;
        } else if (quote != 0) {
            *word += character;
        } else if (character == '\'' || character == '"') {
            quote = character;
            if (!word) word.emplace();
        } else if (character == ' ') {
            if (word) words.push_back(*std::exchange(word, std::nullopt));
        } else {
            if (!word) word.emplace();
            *word += character;
        }
    }
    if (quote != 0) return std::unexpected(fmt::format("the quote {} is not closed in: {}", quote, line));
    if (word) words.push_back(std::move(*word));
    if (words.empty()) return std::unexpected(std::string("the command is empty"));
    return words;
}

}  // namespace rbees::bdd
