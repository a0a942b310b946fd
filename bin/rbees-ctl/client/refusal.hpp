#pragma once
/// @file
/// What an answer that is no success means for the person: problem+json and OpenAI's shape to one error, one exit code.

#include <string_view>

#include "cli/outcome.hpp"
#include "rbees/net/client.hpp"
#include "rbees/net/message.hpp"

namespace rbees::ctl {

/// 401 and 403 are 4; 404 is 3; 408, 504 and a late worker are 8; a job that failed over there is 5; the rest is 1.
[[nodiscard]] ExitCode exit_code_for(int status, std::string_view code);

/// The error of an answer with a status from 400. Also reads bodies that are neither shape: a proxy's page, nothing.
[[nodiscard]] CliError refusal(const net::Response& response);

/// An error that came inside a stream, after its head: the status is lost, the job had begun.
[[nodiscard]] CliError refusal_in_stream(std::string_view body);

/// No answer at all. `url` is where it was sent.
[[nodiscard]] CliError unreachable(const net::ClientError& error, std::string_view url);

}  // namespace rbees::ctl
