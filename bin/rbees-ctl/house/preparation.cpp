#include "house/preparation.hpp"

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

}  // namespace rbees::ctl
