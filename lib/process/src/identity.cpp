#include <fmt/format.h>

#include "proc_stat.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/process/process.hpp"

namespace rbees::process {
namespace {

constexpr int state_field = 3;  ///< the first one after the name
constexpr int start_time_field = 22;

Result<std::string> boot_id() {
    auto id = read_file("/proc/sys/kernel/random/boot_id");
    if (id) id->erase(id->find_last_not_of('\n') + 1);
    return id;
}

}  // namespace

std::optional<std::uint64_t> start_time_in(std::string_view stat) {
    const auto name_end = stat.rfind(") ");
    if (name_end == std::string_view::npos) return std::nullopt;
    auto rest = stat.substr(name_end + 2);
    for (int field = state_field; field < start_time_field; ++field) {
        const auto blank = rest.find(' ');
        if (blank == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(blank + 1);
    }
    return parse_whole<std::uint64_t>(rest.substr(0, rest.find(' ')));
}

Result<ProcessIdentity> identify(pid_t pid) {
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
    const auto start_time = stat ? start_time_in(*stat) : std::nullopt;
    if (!start_time) return fail(fmt::format("there is no process {}", pid));
    auto boot = boot_id();
    if (!boot) return std::unexpected(boot.error());
    return ProcessIdentity{pid, *start_time, std::move(*boot)};
}

}  // namespace rbees::process
