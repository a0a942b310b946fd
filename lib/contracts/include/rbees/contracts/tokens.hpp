#pragma once
/// @file
/// Tokens: who may do what. The secret itself is shown once and stored only as a hash.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"

namespace rbees::contracts {

enum class Role : std::uint8_t { admin, node };
BOOST_DESCRIBE_ENUM(Role, admin, node)

/// `rbk_` and 43 base64url characters: 256 random bits with a prefix that secret scanners know.
inline constexpr std::string_view token_prefix = "rbk_";

/// `POST /v2/tokens`
struct CreateToken {
    std::string name;
    std::optional<Role> role;  ///< admin by default
    std::optional<WallTime> expires_at;
};
BOOST_DESCRIBE_STRUCT(CreateToken, (), (name, role, expires_at))

struct TokenCreated {
    TokenId id;
    std::string token;  ///< shown this once
};
BOOST_DESCRIBE_STRUCT(TokenCreated, (), (id, token))

/// A token as lists show it.
struct TokenView {
    TokenId id;
    std::string name;
    Role role = Role::admin;
    std::vector<std::string> scopes;
    std::vector<ModelId> models;
    std::map<std::string, std::int64_t> limits;
    WallTime created_at{};
    std::optional<WallTime> expires_at;
};
BOOST_DESCRIBE_STRUCT(TokenView, (), (id, name, role, scopes, models, limits, created_at, expires_at))

}  // namespace rbees::contracts
