#include "rbees/base/home.hpp"

#include <cstdlib>
#include <system_error>

#include "rbees/base/files.hpp"

namespace rbees {
namespace {

namespace fs = std::filesystem;

/// A relative path stays so where the working folder is gone.
fs::path absolute(const fs::path& path) {
    std::error_code error;
    const auto whole = fs::absolute(path, error).lexically_normal();
    return error ? path : whole;
}

/// The folders of the XDG base directory specification, as far as the environment names them.
class Folders {
  public:
    explicit Folders(const Environment& environment) : environment_(environment) {}

    /// A folder that a variable names, made absolute. An empty variable counts as unset.
    [[nodiscard]] std::optional<fs::path> from(const std::string& variable) const {
        const auto value = environment_(variable);
        if (!value || value->empty()) return std::nullopt;
        return absolute(*value);
    }

    /// `$variable/rbees`, else `$HOME/fallback/rbees`.
    [[nodiscard]] std::optional<fs::path> of_user(const std::string& variable, const char* fallback) const {
        if (const auto folder = from(variable)) return *folder / "rbees";
        if (const auto home = from("HOME")) return *home / fallback / "rbees";
        return std::nullopt;
    }

    [[nodiscard]] std::optional<fs::path> cache() const {
        if (const auto folder = from("RBEES_CACHE")) return folder;
        return of_user("XDG_CACHE_HOME", ".cache");
    }

  private:
    const Environment& environment_;
};

std::optional<fs::path> one_folder(const std::optional<std::string>& explicit_home, const Folders& folders) {
    if (explicit_home && !explicit_home->empty()) return absolute(*explicit_home);
    return folders.from("RBEES_HOME");
}

Home under(const fs::path& folder, const Folders& folders) {
    return {
        .config = folder,
        .state = folder / "state",
        .models = folder / "models",
        .logs = folder / "logs",
        .secrets = folder / "secrets",
        .run = folder / "run",
        .cache = folders.cache().value_or(folder / "cache"),
    };
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
    };
}

Result<Home> find_home(const std::optional<std::string>& explicit_home, const Environment& environment) {
    const Folders folders(environment);
    if (const auto folder = one_folder(explicit_home, folders)) return under(*folder, folders);

    const auto config = folders.of_user("XDG_CONFIG_HOME", ".config");
    const auto state = folders.of_user("XDG_STATE_HOME", ".local/state");
    const auto data = folders.of_user("XDG_DATA_HOME", ".local/share");
    const auto cache = folders.cache();
    if (!config || !state || !data || !cache) {
        return fail("no home folder: HOME is not set", "pass --home DIR, or set RBEES_HOME or HOME");
    }
    const auto runtime = folders.from("XDG_RUNTIME_DIR");
    return Home{
        .config = *config,
        .state = *state,
        .models = *data / "models",
        .logs = *state / "logs",
        .secrets = *state / "secrets",
        .run = runtime ? *runtime / "rbees" : *state / "run",
        .cache = *cache,
    };
}

Result<void> make_home_folders(const Home& home) {
    for (const auto& folder :
         {home.config, home.state, home.workers(), home.models, home.logs, home.secrets, home.run, home.cache}) {
        if (auto made = make_private_folder(folder); !made) return made;
    }
    return {};
}

}  // namespace rbees
