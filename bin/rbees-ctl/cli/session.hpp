#pragma once
/// @file
/// What a command works with: streams, options of every command, and the home, configuration and connection, each made
/// when it is first asked for, so that `rbees --help` needs none of them.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/outcome.hpp"
#include "client/api.hpp"
#include "output/console.hpp"
#include "rbees/base/config.hpp"
#include "rbees/base/home.hpp"

namespace rbees::ctl {

/// Where a command finds its surroundings; tests give their own.
struct Surroundings {
    Environment environment;
    std::filesystem::path programs;  ///< the folder of rbees-orcd and the other programs
    Stream out;
    Stream err;
    std::istream* input = nullptr;
    Terminal input_terminal = Terminal::no;
};

/// Lives as long as the command. Not thread-safe.
class Session {
  public:
    Session(Surroundings surroundings, const Arguments& arguments);

    [[nodiscard]] Console& console() { return console_; }
    [[nodiscard]] Loop& loop() { return loop_; }
    [[nodiscard]] const Environment& environment() const { return surroundings_.environment; }
    [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }
    [[nodiscard]] bool is_json() const { return console_.form() == OutputForm::json; }

    /// `--home`, as it was given.
    [[nodiscard]] const std::optional<std::string>& home_flag() const { return home_flag_; }
    /// `--timeout`
    [[nodiscard]] std::optional<Duration> timeout() const { return timeout_; }

    /// Whether somebody named the address of rbees-orcd: then the home says nothing about that one.
    [[nodiscard]] bool is_address_named() const;

    /// The folders; with the file of `--config`, where a command takes it.
    [[nodiscard]] Checked<Home> home() const;
    /// The first call says what the configuration warns of.
    [[nodiscard]] Checked<Config> config();

    /// For commands about this home's own processes: `api()` is the home's own rbees-orcd from now on, with the home's
    /// own token, whatever RBEES_URL and RBEES_TOKEN name for other commands. `--url` is a usage error then.
    [[nodiscard]] Checked<void> keep_to_home();

    /// After `keep_to_home`: says it, where RBEES_URL names another address than the home's own `url`.
    void remark_elsewhere(const std::string& url);

    /// The connection to rbees-orcd. Owned by the session. Nothing is sent by asking. Fails where nobody named an
    /// address and nothing was ever started with the home: the default address would be that of somebody else.
    [[nodiscard]] Checked<Api*> api();

    /// Forgets the connection, because the address may be another one now.
    void forget_api() { api_.reset(); }

  private:
    Surroundings surroundings_;
    std::optional<std::string> home_flag_;
    std::optional<std::string> url_flag_;
    std::optional<std::string> config_flag_;
    std::optional<Duration> timeout_;
    Console console_;
    Loop loop_;
    std::unique_ptr<Api> api_;
    bool is_kept_to_home_ = false;
    bool is_config_read_ = false;
};

}  // namespace rbees::ctl
