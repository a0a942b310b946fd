#pragma once
/// @file
/// The folders and secrets of a home, made before the first daemon starts: rbees-orcd reads the tokens when it starts
/// and keeps only their hashes.

#include "cli/outcome.hpp"
#include "rbees/base/failure.hpp"
#include "rbees/base/home.hpp"

namespace rbees::ctl {

/// Makes what is missing: folders 0700, `admin.token` and `node.token` 0600. What is there stays as it is, so it can be
/// called at every start. Fails with the folder or file that cannot be written.
[[nodiscard]] Result<void> prepare_home(const Home& home);

/// Whether something was ever started with this home: every daemon makes its folders first.
[[nodiscard]] bool was_ever_started(const Home& home);

/// What a command says to whoever names a home where that is not so.
[[nodiscard]] CliError never_started(const Home& home);

}  // namespace rbees::ctl
