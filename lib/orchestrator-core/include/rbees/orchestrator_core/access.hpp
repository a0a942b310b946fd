#pragma once
/// @file
/// Tokens: who may call. The state holds hashes only; a lost journal gives nobody access.
///
/// Pure. Not thread-safe; the I/O threads check against an `AccessView`, an immutable copy that is published after each
/// change.

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/ids.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/tokens.hpp"

namespace rbees::orchestrator {

/// A token's record. An entity. `hash` is the SHA-256 of the whole token, in hexadecimal; it has 256 random bits, so no
/// salt or slow hash is needed.
struct Token {
    TokenId id;
    std::string name;
    std::string hash;
    contracts::Role role = contracts::Role::admin;
    std::vector<std::string> scopes;
    std::vector<ModelId> models;
    std::map<std::string, std::int64_t> limits;
    WallTime created_at{};
    std::optional<WallTime> expires_at;

    bool operator==(const Token&) const = default;
};
BOOST_DESCRIBE_STRUCT(Token, (), (id, name, hash, role, scopes, models, limits, created_at, expires_at))

/// Who made a token.
enum class TokenOrigin : std::uint8_t {
    user,
    file,  ///< rbees itself, into a file of the home: it replaces the token of the same name
};

/// Makes a token known, at its `created_at`.
struct CreateToken {
    Token token;
    TokenOrigin origin = TokenOrigin::user;
};
struct RevokeToken {
    TokenId token;
};
using AccessCommand = std::variant<CreateToken, RevokeToken>;

struct TokenCreated {
    Token token;
};
struct TokenRevoked {
    TokenId token;
};
BOOST_DESCRIBE_STRUCT(TokenCreated, (), (token))
BOOST_DESCRIBE_STRUCT(TokenRevoked, (), (token))
using AccessRecord = std::variant<TokenCreated, TokenRevoked>;

using AccessOutcome = std::expected<std::vector<AccessRecord>, contracts::Problem>;

/// What an I/O thread checks a secret against. Immutable, so any number of threads may read it.
class AccessView {
  public:
    AccessView() = default;
    explicit AccessView(const std::map<TokenId, Token>& tokens);

    /// The token with that secret, unless it has expired by `now`. Lives as long as the view.
    [[nodiscard]] const Token* find(std::string_view secret, WallTime now) const;

  private:
    std::unordered_map<std::string, Token> by_hash_;
};

/// The tokens that exist. A value; owned by the kernel's thread.
class Access {
  public:
    /// What the command leads to. A new token takes the place of one of its name that has expired. Refuses with
    /// CONFLICT a second user token of one name, a user token with the name of a file's token, and revoking one that a
    /// file holds: the next start would bring it back. Refuses revoking an unknown one with NOT_FOUND.
    [[nodiscard]] AccessOutcome decide(const AccessCommand& command) const;

    /// Makes a record true.
    void apply(const AccessRecord& record);

    /// Recovery: a token as its row holds it.
    void restore(Token token);

    [[nodiscard]] const std::map<TokenId, Token>& tokens() const { return tokens_; }

  private:
    [[nodiscard]] const Token* find_by_name(std::string_view name) const;

    std::map<TokenId, Token> tokens_;
};

/// Names of the tokens that lie in files; users cannot take or revoke them.
inline constexpr std::string_view admin_file_token = "file:admin";
inline constexpr std::string_view node_file_token = "file:node";

}  // namespace rbees::orchestrator
