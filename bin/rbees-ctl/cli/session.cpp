#include "cli/session.hpp"

#include <fmt/format.h>

#include <utility>

#include "house/preparation.hpp"
#include "rbees/contracts/options.hpp"

namespace rbees::ctl {
namespace {

OutputForm form_of(const Arguments& arguments) {
    return arguments.has("--json") || arguments.text("--format") == "json" ? OutputForm::json : OutputForm::text;
}

Verbosity verbosity_of(const Arguments& arguments) {
    if (arguments.has("--quiet")) return Verbosity::quiet;
    return arguments.has("--verbose") ? Verbosity::verbose : Verbosity::normal;
}

Stream with_colour(Stream stream, const Arguments& arguments, const Environment& environment) {
    const auto wish = arguments.has("--no-color") ? Colour::off : Colour::on;
    stream.colour = decide_colour(stream.terminal, wish, environment);
    return stream;
}

std::optional<Instant> deadline_of(std::optional<Duration> timeout) {
    if (!timeout) return std::nullopt;
    return BootClock::now() + *timeout;
}

}  // namespace

Session::Session(Surroundings surroundings, const Arguments& arguments)
    : surroundings_(std::move(surroundings)),
      home_flag_(arguments.text("--home")),
      url_flag_(arguments.text("--url")),
      config_flag_(arguments.text("--config")),
      timeout_(arguments.duration("--timeout")),
      console_(with_colour(surroundings_.out, arguments, surroundings_.environment),
               with_colour(surroundings_.err, arguments, surroundings_.environment), form_of(arguments),
               verbosity_of(arguments)),
      loop_(deadline_of(timeout_)) {}

Checked<void> Session::keep_to_home() {
    if (url_flag_) {
        return usage_error("--url names another rbees-orcd, and this command is about the one of this home",
                           "leave --url out, or name another home with --home");
    }
    is_kept_to_home_ = true;
    forget_api();
    return {};
}

void Session::remark_elsewhere(const std::string& url) {
    auto named = surroundings_.environment("RBEES_URL").value_or("");
    while (named.ends_with('/')) {
        named.pop_back();
    }
    if (named.empty() || named == url) return;
    console_.note(
        fmt::format("RBEES_URL is {}, so other commands ask that one; `unset RBEES_URL` for this home", named));
}

bool Session::is_address_named() const {
    if (is_kept_to_home_) return false;
    return url_flag_ || !surroundings_.environment("RBEES_URL").value_or("").empty();
}

Checked<Home> Session::home() const {
    auto home = find_home(home_flag_, surroundings_.environment);
    if (!home) return failed(home.error());
    if (config_flag_) home->config_instead = std::filesystem::absolute(*config_flag_);
    return std::move(*home);
}

Checked<Config> Session::config() {
    const auto where = home();
    if (!where) return std::unexpected(where.error());
    auto config = Config::load(contracts::options(), *where, surroundings_.environment, {});
    if (!config) return failed(config.error());
    if (!std::exchange(is_config_read_, true)) {
        for (const auto& warning : config->warnings()) {
            console_.warn(warning);
        }
    }
    return std::move(*config);
}

Checked<Api*> Session::api() {
    if (api_) return api_.get();
    const auto where = home();
    if (!where) return std::unexpected(where.error());
    if (!is_kept_to_home_ && !is_address_named() && !was_ever_started(*where)) {
        return std::unexpected(never_started(*where));
    }
    const auto settings = config();
    if (!settings) return std::unexpected(settings.error());
    auto address = is_kept_to_home_ ? own_address(*where, *settings, surroundings_.environment)
                                    : find_address(url_flag_, *where, *settings, surroundings_.environment);
    if (!address) return std::unexpected(address.error());
    api_ = std::make_unique<Api>(loop_, std::move(*address));
    return api_.get();
}

}  // namespace rbees::ctl
