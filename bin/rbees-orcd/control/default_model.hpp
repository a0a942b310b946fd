#pragma once
/// @file
/// Which model is meant where none is named.

#include <string>

#include "settings.hpp"

namespace rbees::orcd {

/// The option `models.default`; else what the last `rbees up MODEL` of this home named (state/up.json); else empty, and
/// the catalogue's preference decides among the models on disk.
[[nodiscard]] std::string default_model(const Settings& settings);

}  // namespace rbees::orcd
