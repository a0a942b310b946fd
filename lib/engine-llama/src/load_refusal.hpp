#pragma once
/// @file
/// How the parts of a load refuse it.

#include <expected>
#include <string>
#include <utility>

#include "rbees/engine/engine.hpp"

namespace rbees::engine {

[[nodiscard]] inline std::unexpected<LoadError> refuse_load(LoadErrorKind kind, std::string message,
                                                            std::string remedy) {
    return std::unexpected(LoadError{kind, {std::move(message), std::move(remedy)}});
}

}  // namespace rbees::engine
