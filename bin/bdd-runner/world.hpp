#pragma once
/// @file
/// What one scenario has to itself: a folder, an environment, variables, and what was said last.
///
/// Every process that a scenario starts carries the scenario's mark in its environment; what still runs at the end is
/// found by it, ended, and reported.

#include <expected>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "leftovers.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/time.hpp"
#include "rbees/net/message.hpp"

namespace rbees::bdd {

/// What all scenarios of a run share.
struct Settings {
    std::filesystem::path programs;  ///< where rbees, rbees-orcd, pool-managerd and rbees-workerd lie
    std::filesystem::path folder;    ///< scenarios make their folders below it
    std::filesystem::path cache;     ///< RBEES_CACHE of all of them: models are fetched once
    Duration command_limit{};        ///< for one command
};

class World {
  public:
    explicit World(const Settings& settings);
    /// Ends what still runs and deletes the folder.
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Puts variables in: "${url}/health". Fails for a name that nothing set.
    [[nodiscard]] std::expected<std::string, std::string> resolve(std::string_view text) const;

    /// Runs a command line; `said()` is then about it.
    [[nodiscard]] std::expected<void, std::string> run(std::string_view line);

    /// Runs it without touching `said()`.
    [[nodiscard]] std::expected<CommandResult, std::string> try_command(std::string_view line, Duration limit) const;

    void set(const std::string& name, std::string value) { variables_[name] = std::move(value); }

    /// "NAME=value" for the commands that follow, in the place of what NAME was before.
    void set_environment(const std::string& variable) { changed_environment_.push_back(variable); }

    [[nodiscard]] const CommandResult& said() const { return said_; }
    [[nodiscard]] const net::Response& answer() const { return answer_; }
    void set_answer(net::Response answer) { answer_ = std::move(answer); }

    /// Takes a free port of loopback and keeps it, as another program would.
    [[nodiscard]] std::expected<void, std::string> hold_a_port();

    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] const Settings& settings() const { return settings_; }
    [[nodiscard]] std::vector<RunningProcess> running() const { return find_processes(folder_.string()); }

  private:
    [[nodiscard]] std::vector<std::string> environment() const;

    Settings settings_;
    std::filesystem::path folder_;
    std::map<std::string, std::string, std::less<>> variables_;
    std::vector<std::string> changed_environment_;
    CommandResult said_;
    net::Response answer_;
    UniqueFd held_port_;
};

}  // namespace rbees::bdd
