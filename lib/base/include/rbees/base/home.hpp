#pragma once
/// @file
/// Where things lie. One folder (`--home`, `RBEES_HOME`) or the XDG folders; every path has one name here.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "rbees/base/failure.hpp"

namespace rbees {

/// Reads one environment variable; tests pass their own.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The process's environment.
[[nodiscard]] Environment process_environment();

/// The folders and files of one installation. A value; nothing is created by asking.
struct Home {
    std::filesystem::path config;   ///< config.toml
    std::filesystem::path state;    ///< journal and rows (orcd.db), worker records, listener and process files
    std::filesystem::path models;   ///< model files this machine serves
    std::filesystem::path logs;     ///< one file a process
    std::filesystem::path secrets;  ///< tokens and secrets, 0600 in a 0700 folder
    std::filesystem::path run;      ///< sockets and locks
    std::filesystem::path cache;    ///< downloads and conversions, shared by every home (RBEES_CACHE)

    /// `--config PATH`: read instead of config.toml.
    std::optional<std::filesystem::path> config_instead;

    [[nodiscard]] std::filesystem::path config_file() const { return config_instead.value_or(config / "config.toml"); }

    [[nodiscard]] std::filesystem::path journal() const { return state / "orcd.db"; }
    [[nodiscard]] std::filesystem::path admin_token() const { return secrets / "admin.token"; }
    [[nodiscard]] std::filesystem::path node_token() const { return secrets / "node.token"; }
    [[nodiscard]] std::filesystem::path call_token() const { return secrets / "call.token"; }
    [[nodiscard]] std::filesystem::path workers() const { return state / "workers"; }
    [[nodiscard]] std::filesystem::path orcd_process() const { return state / "orcd.json"; }
    [[nodiscard]] std::filesystem::path pool_process() const { return state / "pool.json"; }
    [[nodiscard]] std::filesystem::path supervisor_process() const { return state / "supervisor.json"; }
    /// Held by `rbees down` as long as it is at work: the supervisor starts nothing then.
    [[nodiscard]] std::filesystem::path stop_lock() const { return run / "down.lock"; }
};

/// Finds the folders: `explicit_home` (the flag), else RBEES_HOME, else the XDG folders under HOME. Relative ones are
/// made absolute; empty variables count as unset. The cache is the user's in all cases, and lies in the one folder only
/// where nothing names a user. Fails when none of them is set.
[[nodiscard]] Result<Home> find_home(const std::optional<std::string>& explicit_home, const Environment& environment);

/// Makes those of its folders that are missing, 0700; what is there stays as it is. Fails with the first that cannot be
/// written to.
[[nodiscard]] Result<void> make_home_folders(const Home& home);

}  // namespace rbees
