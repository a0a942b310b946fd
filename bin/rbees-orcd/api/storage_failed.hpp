#pragma once
/// @file
/// What a client is told when the store cannot be read or written.

#include "rbees/base/failure.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::orcd {

[[nodiscard]] inline contracts::Problem storage_failed(const Failure& failure) {
    contracts::Problem problem{.code = contracts::ErrorCode::STORAGE_FAILED, .detail = failure.message};
    if (!failure.remedy.empty()) problem.hint = failure.remedy;
    return problem;
}

}  // namespace rbees::orcd
