#include "client/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/describe/class.hpp>
#include <optional>
#include <string>

#include "rbees/reflect/read.hpp"

namespace rbees::ctl {

/// Both shapes as a newer server may send them: nothing is required, and codes are text that we may not know yet.
struct ProblemSeen {
    std::optional<std::string> title;
    std::optional<std::string> detail;
    std::optional<std::string> code;
    std::optional<std::string> hint;
    std::optional<std::string> request_id;
};
BOOST_DESCRIBE_STRUCT(ProblemSeen, (), (title, detail, code, hint, request_id))

struct OpenAiErrorSeen {
    std::string message;
    std::optional<boost::json::value> code;  ///< text here; a number from some other servers
    std::optional<std::string> hint;
    std::optional<std::string> request_id;
};
BOOST_DESCRIBE_STRUCT(OpenAiErrorSeen, (), (message, code, hint, request_id))

struct OpenAiBodySeen {
    OpenAiErrorSeen error;
};
BOOST_DESCRIBE_STRUCT(OpenAiBodySeen, (), (error))

namespace {

constexpr std::size_t foreign_text_max = 200;

/// OpenAI's words for codes that we have a word for.
std::string our_code(std::string_view code) {
    if (code == "model_not_found") return "MODEL_NOT_FOUND";
    if (code == "context_length_exceeded") return "CONTEXT_TOO_LONG";
    if (code == "invalid_api_key") return "UNAUTHORIZED";
    return std::string(code);
}

/// The hint rides in OpenAI's message too, for clients that show nothing else; here it would stand twice.
std::string without_hint(std::string message, std::string_view hint) {
    const auto tail = fmt::format(" ({})", hint);
    if (!hint.empty() && message.ends_with(tail)) message.resize(message.size() - tail.size());
    return message;
}

std::optional<CliError> read_openai(std::string_view body) {
    auto seen = reflect::from_json_text<OpenAiBodySeen>(body);
    if (!seen) return std::nullopt;
    auto& error = seen->error;
    CliError read;
    read.hint = error.hint.value_or("");
    read.message = without_hint(std::move(error.message), read.hint);
    if (error.code && error.code->is_string()) read.code = our_code(error.code->get_string());
    read.request_id = error.request_id.value_or("");
    return read;
}

std::optional<CliError> read_problem(std::string_view body) {
    auto seen = reflect::from_json_text<ProblemSeen>(body);
    if (!seen || (!seen->detail && !seen->title)) return std::nullopt;
    CliError read;
    read.message = seen->detail && !seen->detail->empty() ? *seen->detail : seen->title.value_or("");
    read.hint = seen->hint.value_or("");
    read.code = seen->code.value_or("");
    read.request_id = seen->request_id.value_or("");
    return read;
}

/// The body of a program that knows neither shape: its first line, bounded.
CliError read_foreign(const net::Response& response) {
    auto line = response.body.substr(0, response.body.find('\n'));
    if (line.size() > foreign_text_max) line.resize(foreign_text_max);
    CliError read;
    read.message = fmt::format("HTTP {} {}{}{}", response.status, net::reason_phrase(response.status),
                               line.empty() ? "" : ": ", line);
    return read;
}

}  // namespace

ExitCode exit_code_for(int status, std::string_view code) {
    static constexpr std::array late{"WORKER_TIMEOUT", "WORKER_START_TIMEOUT"};
    static constexpr std::array job{
        "MODEL_LOAD_FAILED", "WORKER_START_FAILED", "WORKER_UNAVAILABLE", "INSUFFICIENT_MEMORY",
        "INSUFFICIENT_VRAM", "GPU_UNAVAILABLE",     "CANCELLED"};
    if (status == 401 || status == 403) return ExitCode::not_authorized;
    if (status == 404) return ExitCode::not_found;
    if (status == 408 || status == 504 || std::ranges::find(late, code) != late.end()) return ExitCode::timed_out;
    return std::ranges::find(job, code) != job.end() ? ExitCode::remote_failed : ExitCode::failed;
}

CliError refusal(const net::Response& response) {
    auto read = read_problem(response.body);
    if (!read) read = read_openai(response.body);
    if (!read) read = read_foreign(response);
    read->exit = exit_code_for(response.status, read->code);
    if (read->code.empty()) read->code = fmt::format("HTTP_{}", response.status);
    if (read->request_id.empty()) read->request_id = response.headers.find("X-Correlation-Id").value_or("");
    if (read->exit == ExitCode::not_authorized && read->hint.empty()) {
        read->hint = "set RBEES_TOKEN to a valid token; the home's own lies where `rbees status` says";
    }
    return *read;
}

CliError refusal_in_stream(std::string_view body) {
    auto read = read_openai(body);
    if (!read) read = read_problem(body);
    if (!read) read = CliError{ExitCode::failed, "the stream ended with an error", {}, {}, {}};
    read->exit = ExitCode::remote_failed;
    return *read;
}

CliError unreachable(const net::ClientError& error, std::string_view url) {
    using enum net::ClientErrorKind;
    if (error.kind == refused || error.kind == connect_timed_out || error.kind == cannot_connect) {
        return {ExitCode::failed,
                fmt::format("rbees-orcd is not running at {}", url),
                "start it with: rbees up",
                "NOT_RUNNING",
                {}};
    }
    if (error.kind == timed_out) {
        return {ExitCode::timed_out,
                fmt::format("rbees-orcd at {} does not answer: {}", url, error.detail),
                "look at it with: rbees orchestrator logs",
                "TIMED_OUT",
                {}};
    }
    return {ExitCode::failed,
            fmt::format("the connection to rbees-orcd at {} failed: {}", url, error.detail),
            "look at it with: rbees orchestrator logs",
            "CONNECTION_FAILED",
            {}};
}

}  // namespace rbees::ctl
