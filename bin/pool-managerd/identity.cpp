#include "identity.hpp"

#include <unistd.h>

#include <filesystem>

#include "rbees/base/files.hpp"
#include "rbees/base/random.hpp"

namespace rbees::poold {
namespace {

/// The one line of a file, or `fresh`, which is then written.
Result<std::string> keep(const std::filesystem::path& file, const std::string& fresh, FileAccess access) {
    if (auto line = read_first_line(file); line && !line->empty()) return line;
    if (auto written = write_file_atomically(file, fresh + "\n", access); !written) {
        return std::unexpected(written.error());
    }
    return fresh;
}

}  // namespace

Result<void> make_folders(const Home& home) {
    if (auto made = make_home_folders(home); !made) return made;
    for (const auto& folder : {home.state / "downloads", home.cache / "models"}) {
        if (auto made = make_private_folder(folder); !made) return made;
    }
    return {};
}

Result<Identity> keep_identity(const Home& home) {
    auto node = keep(home.state / "node_id", new_uuid(), FileAccess::everyone);
    if (!node) return std::unexpected(node.error());
    auto token = keep(home.call_token(), random_secret(), FileAccess::owner_only);
    if (!token) return std::unexpected(token.error());
    auto start = process::identify(::getpid());
    if (!start) return std::unexpected(start.error());
    return Identity{NodeId(std::move(*node)), std::move(*token), std::move(*start)};
}

}  // namespace rbees::poold
