#include "file_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "orcd_limits.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/base/random.hpp"

namespace rbees::orcd {
namespace {

Result<std::string> read_or_make(const std::filesystem::path& path) {
    if (!std::filesystem::exists(path)) {
        const auto made = std::string(contracts::token_prefix) + random_secret();
        if (auto written = write_file_atomically(path, made + "\n", FileAccess::owner_only); !written) {
            return std::unexpected(written.error());
        }
    }
    auto text = read_file(path, limits::token_file_max);
    if (!text) return text;
    text->erase(text->find_last_not_of(" \r\n\t") + 1);
    if (!text->starts_with(contracts::token_prefix)) {
        return fail(fmt::format("{} does not hold a token", path.string()),
                    "delete it; the next start makes a new one");
    }
    return text;
}

Result<void> admit(control::FleetControl& fleet, const std::filesystem::path& path, std::string_view name,
                   contracts::Role role) {
    const auto secret = read_or_make(path);
    if (!secret) return std::unexpected(secret.error());
    orchestrator::Token token;
    token.id = new_id<TokenId>();
    token.name = name;
    token.hash = sha256_hex(*secret);
    token.role = role;
    token.created_at = wall_now();
    fleet.submit(orchestrator::AccessCommand{orchestrator::CreateToken{token, orchestrator::TokenOrigin::file}}, {});
    const auto& known = fleet.state().access.tokens();
    const bool is_known =
        std::ranges::any_of(known, [&](const auto& entry) { return entry.second.hash == token.hash; });
    if (is_known) return {};
    return fail(fmt::format("the token in {} could not be recorded: the disk is nearly full", path.string()),
                "free space on the disk that holds the state folder, or lower storage.watermark");
}

}  // namespace

Result<void> admit_file_tokens(const Home& home, control::FleetControl& fleet) {
    auto admin = admit(fleet, home.admin_token(), orchestrator::admin_file_token, contracts::Role::admin);
    if (!admin) return admin;
    return admit(fleet, home.node_token(), orchestrator::node_file_token, contracts::Role::node);
}

}  // namespace rbees::orcd
