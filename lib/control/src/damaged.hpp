#pragma once
/// @file
/// What a client is told when the archive cannot read what it asks for.

#include <expected>

#include "rbees/base/failure.hpp"
#include "rbees/contracts/problem.hpp"

namespace rbees::control {

/// An archive names a remedy for what is damaged: that stays so, however often it is asked for. A failure without one
/// (an error of the disk) may pass.
[[nodiscard]] inline std::unexpected<contracts::Problem> damaged(const Failure& failure) {
    if (failure.remedy.empty()) {
        return std::unexpected(contracts::Problem{
            .code = contracts::ErrorCode::STORAGE_FAILED, .detail = failure.message, .hint = "rbees audit verify"});
    }
    return std::unexpected(contracts::Problem{
        .code = contracts::ErrorCode::STORAGE_DAMAGED,
        .detail = failure.message,
        .hint = "rbees audit verify tells what is damaged; rbees backup restore puts a backup in its place"});
}

}  // namespace rbees::control
