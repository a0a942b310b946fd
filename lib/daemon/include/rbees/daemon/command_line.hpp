#pragma once
/// @file
/// What the command lines of all daemons have in common: help, version, where home and configuration lie, and how a
/// mistake is told. A program adds the flags that only it has.

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/config.hpp"
#include "rbees/base/home.hpp"

namespace CLI {
class App;
}

namespace rbees::daemon {

/// How a daemon ends.
enum class ExitCode : std::uint8_t {
    ok = 0,             ///< it stopped as asked, or was only asked for help
    failed = 1,         ///< stderr says why
    usage = 2,          ///< the command line or the configuration is wrong
    start_again = 75,   ///< whoever started it is to do so again: what failed may be good then
    interrupted = 130,  ///< stopped by a second signal, with work in flight
};

/// The end before the beginning: a help text, or a mistake.
struct EarlyExit {
    ExitCode code = ExitCode::ok;
    std::string text;
};

/// Prints the text, on stdout if the code is `ok`, else on stderr. Gives what `main` returns.
[[nodiscard]] int leave(const EarlyExit& exit);

/// Says on stderr why the program cannot go on. Gives `ExitCode::failed`.
[[nodiscard]] ExitCode fail(std::string_view program, const Failure& failure);

/// What `--help` and `--version` say.
struct Program {
    std::string name;     ///< "rbees-orcd"
    std::string purpose;  ///< a sentence or two
    std::string version;
};

/// Where everything lies, and what is set.
struct Configured {
    Home home;
    Config config;
};

/// One command line: flags are added, then it is parsed once. Not copyable; used while a program starts.
class CommandLine {
  public:
    explicit CommandLine(Program program);
    ~CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    /// For flags of the program's own.
    [[nodiscard]] CLI::App& app() { return *app_; }

    /// Adds --home and --config: for programs that read the configuration.
    void add_home();

    /// Adds a flag that sets an option of the configuration (contracts/options.hpp) and is described like it.
    void add_option(const std::string& flag, std::string_view option, const std::string& value);

    /// Fails with the help, the version, or what is wrong.
    [[nodiscard]] std::expected<void, EarlyExit> parse(int argc, const char* const* argv);

    /// After `parse`: the home and the configuration, flags first. Fails with what is wrong and where it stands.
    [[nodiscard]] std::expected<Configured, EarlyExit> configure(const Environment& environment) const;

    /// The --home and --config that were given, for a child of the same home.
    [[nodiscard]] std::vector<std::string> home_flags() const;

    /// A mistake in the command line or the configuration.
    [[nodiscard]] std::unexpected<EarlyExit> usage(std::string_view text) const;

  private:
    Program program_;
    std::unique_ptr<CLI::App> app_;
    std::optional<std::string> home_;
    std::optional<std::string> config_;
    std::map<std::string, std::string> options_;
};

}  // namespace rbees::daemon
