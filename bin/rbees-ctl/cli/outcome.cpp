#include "cli/outcome.hpp"

#include <array>
#include <boost/json/object.hpp>
#include <utility>

#include "rbees/reflect/json.hpp"

namespace rbees::ctl {
namespace {

constexpr std::array table{
    ExitCodeRow{ExitCode::ok, "it worked"},
    ExitCodeRow{ExitCode::failed, "it failed; the message says why"},
    ExitCodeRow{ExitCode::usage, "the command line is wrong; nothing was done"},
    ExitCodeRow{ExitCode::not_found, "there is no such model, task, worker, node or token"},
    ExitCodeRow{ExitCode::not_authorized, "the token is missing, unknown, or may not do that"},
    ExitCodeRow{ExitCode::remote_failed, "rbees did its part, but the job on the other side failed"},
    ExitCodeRow{ExitCode::timed_out, "time ran out; it may still be going on"},
    ExitCodeRow{ExitCode::interrupted, "interrupted by Ctrl-C"},
};

}  // namespace

std::span<const ExitCodeRow> exit_codes() {
    return table;
}

std::unexpected<CliError> usage_error(std::string message, std::string hint) {
    return std::unexpected(CliError{ExitCode::usage, std::move(message), std::move(hint), "USAGE", {}});
}

std::unexpected<CliError> failed(const Failure& failure) {
    return failed(failure.message, failure.remedy);
}

std::unexpected<CliError> failed(std::string message, std::string hint) {
    return std::unexpected(CliError{ExitCode::failed, std::move(message), std::move(hint), "FAILED", {}});
}

CliError interruption() {
    return {ExitCode::interrupted, "interrupted", {}, "INTERRUPTED", {}};
}

std::string to_json_text(const CliError& error) {
    return reflect::to_text(boost::json::object{
        {"code", error.code}, {"message", error.message}, {"hint", error.hint}, {"request_id", error.request_id}});
}

}  // namespace rbees::ctl
