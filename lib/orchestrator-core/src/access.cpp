#include "rbees/orchestrator_core/access.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "rbees/base/hash.hpp"
#include "rbees/base/overloaded.hpp"

namespace rbees::orchestrator {
namespace {

using contracts::ErrorCode;

std::unexpected<contracts::Problem> refuse(ErrorCode code, std::string detail, std::string hint) {
    return std::unexpected(contracts::Problem{.code = code, .detail = std::move(detail), .hint = std::move(hint)});
}

bool is_file_name(std::string_view name) {
    return name == admin_file_token || name == node_file_token;
}

bool has_expired(const Token& token, WallTime now) {
    return token.expires_at && *token.expires_at <= now;
}

AccessOutcome decide_create(const CreateToken& command, const Token* same_name) {
    const auto& token = command.token;
    const bool is_of_user = command.origin == TokenOrigin::user;
    if (is_of_user && is_file_name(token.name)) {
        return refuse(ErrorCode::CONFLICT,
                      fmt::format("the name \"{}\" belongs to a token of rbees itself", token.name),
                      "choose another name");
    }
    if (same_name == nullptr) return std::vector<AccessRecord>{TokenCreated{token}};
    if (is_of_user && !has_expired(*same_name, token.created_at)) {
        return refuse(
            ErrorCode::CONFLICT, fmt::format("there is a token named \"{}\" already", token.name),
            fmt::format("choose another name, or revoke that one: rbees tokens revoke {}", same_name->id.str()));
    }
    if (!is_of_user && same_name->hash == token.hash) return std::vector<AccessRecord>{};
    return std::vector<AccessRecord>{TokenRevoked{same_name->id}, TokenCreated{token}};
}

}  // namespace

AccessView::AccessView(const std::map<TokenId, Token>& tokens) {
    for (const auto& [id, token] : tokens) {
        by_hash_.emplace(token.hash, token);
    }
}

const Token* AccessView::find(std::string_view secret, WallTime now) const {
    // A look-up by hash gives nothing away by its time: who can choose the hash knows the secret already.
    const auto found = by_hash_.find(sha256_hex(secret));
    if (found == by_hash_.end()) return nullptr;
    return has_expired(found->second, now) ? nullptr : &found->second;
}

AccessOutcome Access::decide(const AccessCommand& command) const {
    return std::visit(
        overloaded{
            [&](const CreateToken& create) { return decide_create(create, find_by_name(create.token.name)); },
            [&](const RevokeToken& revoke) -> AccessOutcome {
                const auto found = tokens_.find(revoke.token);
                if (found == tokens_.end()) {
                    return refuse(ErrorCode::NOT_FOUND, fmt::format("there is no token {}", revoke.token.str()),
                                  "rbees tokens list");
                }
                if (is_file_name(found->second.name)) {
                    return refuse(ErrorCode::CONFLICT, "this token lies in a file of the home",
                                  "delete the file, then rbees orchestrator restart: that makes a new one");
                }
                return std::vector<AccessRecord>{TokenRevoked{revoke.token}};
            },
        },
        command);
}

void Access::apply(const AccessRecord& record) {
    std::visit(overloaded{
                   [&](const TokenCreated& created) { tokens_[created.token.id] = created.token; },
                   [&](const TokenRevoked& revoked) { tokens_.erase(revoked.token); },
               },
               record);
}

void Access::restore(Token token) {
    auto id = token.id;
    tokens_.insert_or_assign(std::move(id), std::move(token));
}

const Token* Access::find_by_name(std::string_view name) const {
    const auto found = std::ranges::find_if(tokens_, [&](const auto& entry) { return entry.second.name == name; });
    return found == tokens_.end() ? nullptr : &found->second;
}

}  // namespace rbees::orchestrator
