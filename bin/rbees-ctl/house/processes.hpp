#pragma once
/// @file
/// The processes of one home, as their files in its state folder name them. A process counts as running only if pid,
/// start time and boot are the same: a pid alone may belong to a stranger by now.

#include <boost/describe/enum.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "rbees/base/home.hpp"
#include "rbees/process/process.hpp"

namespace rbees::ctl {

enum class ProcessState : std::uint8_t { running, dead };
BOOST_DESCRIBE_ENUM(ProcessState, running, dead)

/// A process of the house as its file says it, and whether it runs.
struct HouseProcess {
    std::string name;  ///< "rbees-orcd"
    process::ProcessIdentity identity;
    std::optional<std::string> url;
    ProcessState state = ProcessState::dead;
    std::filesystem::path file;
};

/// Supervisor, orcd, pool manager, then workers; only those that have a file.
[[nodiscard]] std::vector<HouseProcess> find_processes(const Home& home);

/// One of them by its file; nothing if there is no such file, or it is not whole.
[[nodiscard]] std::optional<HouseProcess> read_process(const std::filesystem::path& file, const std::string& name);

/// Whether the process that the file names runs.
[[nodiscard]] bool is_running(const std::optional<HouseProcess>& process);

/// Holds the process, if it still runs.
[[nodiscard]] std::optional<process::Process> open(const HouseProcess& process);

/// `state/<name>.down`, where the supervisor says that it gave a daemon up.
[[nodiscard]] std::filesystem::path down_file(const Home& home, const std::string& name);

/// Its sentence; nothing while the supervisor has not given up.
[[nodiscard]] std::optional<std::string> read_down_note(const Home& home, const std::string& name);

inline constexpr const char* supervisor_name = "rbees-supervisor";
inline constexpr const char* orcd_name = "rbees-orcd";
inline constexpr const char* pool_name = "pool-managerd";
inline constexpr const char* worker_name = "rbees-workerd";

}  // namespace rbees::ctl
