#pragma once
/// @file
/// Which build this is: for `--version`, `GET /v2/version`, registrations and `rbees_build_info`.

#include "rbees/contracts/operations.hpp"

namespace rbees::http_api {

/// Version, compiler and build type of this build; `journal_schema` is left for the process that has a journal.
[[nodiscard]] const contracts::Version& this_build();

}  // namespace rbees::http_api
