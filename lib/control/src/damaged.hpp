#pragma once
/// @file
/// What a client is told when the archive cannot read what it asks for.

#include <expected>

#include "rbees/base/failure.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::control {

[[nodiscard]] inline std::unexpected<contracts::Problem> damaged(const Failure& failure) {
    return std::unexpected(contracts::Problem{
        .code = contracts::ErrorCode::STORAGE_FAILED, .detail = failure.message, .hint = "rbees audit verify"});
}

}  // namespace rbees::control
