#include "rbees/orchestrator_core/job.hpp"

#include "rbees/base/hash.hpp"

namespace rbees::orchestrator {

std::string submission_id(const TokenId& owner, std::string_view key) {
    return to_hex(salted_sha256(owner.str(), key));
}

}  // namespace rbees::orchestrator
