#include "house/preparation.hpp"

#include <fmt/format.h>

#include <system_error>

#include "rbees/base/files.hpp"
#include "rbees/base/random.hpp"
#include "rbees/contracts/tokens.hpp"

namespace rbees::ctl {
namespace {

namespace fs = std::filesystem;

Result<void> make_token(const fs::path& file) {
    std::error_code error;
    if (fs::exists(file, error)) return {};
    return write_file_atomically(file, std::string(contracts::token_prefix) + random_secret(), FileAccess::owner_only);
}

}  // namespace

Result<void> prepare_home(const Home& home) {
    if (auto made = make_home_folders(home); !made) return made;
    if (auto made = make_token(home.admin_token()); !made) return made;
    return make_token(home.node_token());
}

bool was_ever_started(const Home& home) {
    std::error_code error;
    return fs::status(home.state, error).type() != fs::file_type::not_found;
}

CliError never_started(const Home& home) {
    return {ExitCode::failed,
            fmt::format("rbees was never started with this home: there is no {}", home.state.native()),
            "start it with: rbees up; or name another home with --home, or an address with --url",
            "NOT_RUNNING",
            {}};
}

}  // namespace rbees::ctl
