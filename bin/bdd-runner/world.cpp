#include "world.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "rbees/base/assert.hpp"
#include "wait.hpp"

namespace rbees::bdd {
namespace {

/// Settings of sanitizers and where shared objects lie: they belong to the build, not to the user.
constexpr auto inherited =
    std::to_array<const char*>({"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH"});

constexpr auto end_limit = std::chrono::seconds(10);

std::filesystem::path make_folder(const std::filesystem::path& parent) {
    std::string name = (parent / "scenario-XXXXXX").string();
    RBEES_ASSERT(mkdtemp(name.data()) != nullptr);  // main() made `parent` and tried to write to it
    return name;
}

}  // namespace

World::World(const Settings& settings) : settings_(settings), folder_(make_folder(settings.folder)) {
    std::filesystem::create_directory(folder_ / "user");
    std::filesystem::create_directory(folder_ / "tmp");
    set("home", (folder_ / "home").string());
    set("folder", folder_.string());
}

World::~World() {
    for (const auto& process : running())
        kill(process.pid, SIGKILL);
    (void)wait_until(end_limit, [this] { return running().empty(); });
    std::error_code ignored;  // a folder that stays is a nuisance, not a failure
    std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> World::environment() const {
    const char* path = std::getenv("PATH");
    std::vector<std::string> all{
        fmt::format("PATH={}:{}", settings_.programs.string(), path == nullptr ? "/usr/bin:/bin" : path),
        fmt::format("HOME={}", (folder_ / "user").string()),
        fmt::format("TMPDIR={}", (folder_ / "tmp").string()),
        fmt::format("RBEES_HOME={}", (folder_ / "home").string()),
        fmt::format("RBEES_CACHE={}", settings_.cache.string()),
        fmt::format("RBEES_SCENARIO={}", folder_.string()),
        "LANG=C.UTF-8",
        "TERM=dumb",
    };
    for (const char* name : inherited) {
        if (const char* value = std::getenv(name)) all.push_back(fmt::format("{}={}", name, value));
    }
    for (const auto& variable : changed_environment_) {
        const auto name = variable.substr(0, variable.find('=') + 1);
        std::erase_if(all, [&](const auto& other) { return other.starts_with(name); });
        all.push_back(variable);
    }
    return all;
}

std::expected<std::string, std::string> World::resolve(std::string_view text) const {
    std::string resolved;
    while (true) {
        const auto opening = text.find("${");
        const auto closing = opening == std::string_view::npos ? opening : text.find('}', opening);
        if (closing == std::string_view::npos) return resolved += text;
        const auto name = text.substr(opening + 2, closing - opening - 2);
        const auto variable = variables_.find(name);
        if (variable == variables_.end()) return std::unexpected(fmt::format("nothing set ${{{}}} before", name));
        resolved += text.substr(0, opening);
        resolved += variable->second;
        text.remove_prefix(closing + 1);
    }
}

std::expected<CommandResult, std::string> World::try_command(std::string_view line, Duration limit) const {
    const auto resolved = resolve(line);
    if (!resolved) return std::unexpected(resolved.error());
    auto words = split_words(*resolved);
    if (!words) return std::unexpected(words.error());
    return run_command({std::move(*words), environment(), limit});
}

std::expected<void, std::string> World::run(std::string_view line) {
    auto result = try_command(line, settings_.command_limit);
    if (!result) return std::unexpected(result.error());
    said_ = std::move(*result);
    return {};
}

std::expected<void, std::string> World::hold_a_port() {
    UniqueFd listening(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listening.get(), generic, size) != 0 || listen(listening.get(), 1) != 0 ||
        getsockname(listening.get(), generic, &size) != 0) {
        return std::unexpected(std::string("cannot take a port of loopback"));
    }
    set("held_port", std::to_string(ntohs(address.sin_port)));
    held_port_ = std::move(listening);
    return {};
}

}  // namespace rbees::bdd
