#pragma once
/// @file
/// How a command ends: an exit code that scripts can rely on, or an error with its way out.

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "rbees/base/failure.hpp"

namespace rbees::ctl {

enum class ExitCode : std::uint8_t {
    ok = 0,
    failed = 1,
    usage = 2,
    not_found = 3,
    not_authorized = 4,
    remote_failed = 5,
    timed_out = 8,
    interrupted = 130,
};

struct ExitCodeRow {
    ExitCode code;
    std::string_view meaning;
};

/// Every exit code, for `rbees help exit-codes`.
[[nodiscard]] std::span<const ExitCodeRow> exit_codes();

/// An error on its way to the person: `error: message`, `hint: hint`.
struct CliError {
    ExitCode exit = ExitCode::failed;
    std::string message;
    std::string hint;        ///< what to do about it; empty where there is nothing
    std::string code;        ///< for programs: an ErrorCode of the API, or one of ours ("USAGE", "NOT_RUNNING", ...)
    std::string request_id;  ///< of the answer that said it; empty if none did
};

template <class T>
using Checked = std::expected<T, CliError>;
using Outcome = Checked<ExitCode>;

/// A mistake in the command line: exit code 2.
[[nodiscard]] std::unexpected<CliError> usage_error(std::string message, std::string hint = {});

/// Exit code 1 with the failure's own words.
[[nodiscard]] std::unexpected<CliError> failed(const Failure& failure);
[[nodiscard]] std::unexpected<CliError> failed(std::string message, std::string hint = {});

/// Somebody pressed Ctrl-C: exit code 130, nothing to say.
[[nodiscard]] CliError interruption();

/// The error as `{code, message, hint, request_id}`.
[[nodiscard]] std::string to_json_text(const CliError& error);

}  // namespace rbees::ctl
