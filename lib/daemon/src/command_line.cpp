#include "rbees/daemon/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "rbees/base/assert.hpp"
#include "rbees/contracts/options.hpp"

namespace rbees::daemon {
namespace {

/// What is wrong with a command line. CLI11 looks for what is missing first; but a mistyped word may be why it is.
std::string fault_of(const CLI::App& app, const CLI::ParseError& error) {
    const auto unknown = app.remaining();
    if (unknown.empty() || error.get_exit_code() != static_cast<int>(CLI::ExitCodes::RequiredError)) {
        return error.what();
    }
    return CLI::ExtrasError(unknown).what();
}

}  // namespace

int leave(const EarlyExit& exit) {
    std::fputs(exit.text.c_str(), exit.code == ExitCode::ok ? stdout : stderr);
    return static_cast<int>(exit.code);
}

ExitCode fail(std::string_view program, const Failure& failure) {
    std::fputs(fmt::format("{}: {}\n", program, describe(failure)).c_str(), stderr);
    return ExitCode::failed;
}

CommandLine::CommandLine(Program program)
    : program_(std::move(program)), app_(std::make_unique<CLI::App>(program_.purpose, program_.name)) {
    app_->set_version_flag("--version", fmt::format("{} {}", program_.name, program_.version));
}

CommandLine::~CommandLine() = default;

void CommandLine::add_home() {
    app_->add_option("--home", home_, "Folder that holds everything; default RBEES_HOME, else the XDG folders")
        ->type_name("DIR");
    app_->add_option("--config", config_, "Configuration file to read instead of the home's config.toml")
        ->type_name("PATH");
}

void CommandLine::add_option(const std::string& flag, std::string_view option, const std::string& value) {
    const auto row = std::ranges::find(contracts::options(), option, &Option::name);
    RBEES_ASSERT(row != contracts::options().end());
    std::string help(row->description);
    if ('a' <= help.front() && help.front() <= 'z') help.front() = static_cast<char>(help.front() - 'a' + 'A');
    const auto set = [this, name = std::string(option)](const std::string& text) { options_[name] = text; };
    app_->add_option_function<std::string>(flag, set, fmt::format("{} (option {})", help, option))->type_name(value);
}

std::expected<void, EarlyExit> CommandLine::parse(int argc, const char* const* argv) {
    try {
        app_->parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return std::unexpected(EarlyExit{ExitCode::ok, app_->help()});
    } catch (const CLI::CallForVersion& version) {
        return std::unexpected(EarlyExit{ExitCode::ok, fmt::format("{}\n", version.what())});
    } catch (const CLI::ParseError& error) {
        return usage(fault_of(*app_, error));
    }
    return {};
}

std::expected<Configured, EarlyExit> CommandLine::configure(const Environment& environment) const {
    auto home = find_home(home_, environment);
    if (!home) return usage(describe(home.error()));
    if (config_) home->config_instead = *config_;
    auto config = Config::load(contracts::options(), *home, environment, options_);
    if (!config) return usage(describe(config.error()));
    for (const auto& warning : config->warnings()) {
        std::fputs(fmt::format("{}: {}\n", program_.name, warning).c_str(), stderr);
    }
    return Configured{.home = std::move(*home), .config = std::move(*config)};
}

std::vector<std::string> CommandLine::home_flags() const {
    std::vector<std::string> flags;
    if (home_) flags.insert(flags.end(), {"--home", *home_});
    if (config_) flags.insert(flags.end(), {"--config", *config_});
    return flags;
}

std::unexpected<EarlyExit> CommandLine::usage(std::string_view text) const {
    return std::unexpected(EarlyExit{
        ExitCode::usage, fmt::format("{0}: {1}\nRun {0} --help for more information.\n", program_.name, text)});
}

}  // namespace rbees::daemon
