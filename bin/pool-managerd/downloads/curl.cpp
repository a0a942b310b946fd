#include "downloads/curl.hpp"

#include <fmt/format.h>

#include <utility>

#include "limits.hpp"

namespace rbees::poold {
namespace {

/// A value of curl's configuration file.
std::string curl_quoted(std::string_view text) {
    std::string made = "\"";
    for (const char c : text) {
        if (c == '\n' || c == '\r') continue;
        if (c == '"' || c == '\\') made += '\\';
        made += c;
    }
    return made + "\"";
}

/// The request as curl's configuration, which goes through a pipe: an address or a token may be a secret.
std::string configuration(const CurlRequest& request) {
    const auto seconds = std::chrono::duration<double>(request.answer_timeout).count();
    auto text = fmt::format(
        "silent\nshow-error\nlocation\ninclude\ngloboff\nmax-redirs = 10\nproto = \"=http,https\"\n"
        "proto-redir = \"=http,https\"\nuser-agent = \"rbees\"\nconnect-timeout = {:.3f}\nspeed-limit = 1\n"
        "speed-time = {}\nurl = {}\n",
        seconds, std::chrono::duration_cast<std::chrono::seconds>(limits::stalled).count(), curl_quoted(request.url));
    if (request.range) text += fmt::format("range = \"{}-{}\"\n", request.range->begin, request.range->end - 1);
    if (request.if_range) text += fmt::format("header = {}\n", curl_quoted("If-Range: " + *request.if_range));
    if (request.token) text += fmt::format("header = {}\n", curl_quoted("Authorization: Bearer " + *request.token));
    return text;
}

/// curl's exit codes in words (man curl, EXIT CODES).
std::string words_for(const process::ExitStatus& status) {
    if (status.kind != process::ExitStatus::Kind::exited) return "the transfer was stopped";
    switch (status.number) {
        case 5:
            return "the proxy's name is unknown";
        case 6:
            return "the host's name is unknown";
        case 7:
            return "nobody answers at that address";
        case 18:
            return "the connection was cut";
        case 28:
            return "no byte came for too long";
        case 35:
        case 60:
            return "no secure connection could be made";
        case 47:
            return "it redirects too often";
        case 56:
            return "the connection failed";
        default:
            return fmt::format("curl failed with exit code {}", status.number);
    }
}

}  // namespace

CurlAnswer::CurlAnswer(std::unique_ptr<ChildOutput> child, pool::AnswerHead head, std::string first)
    : child_(std::move(child)), head_(std::move(head)), first_(std::move(first)) {}

net::Task<std::string> CurlAnswer::read() {
    if (!first_.empty()) co_return std::exchange(first_, {});
    auto piece = co_await child_->read();
    co_return piece;
}

net::Task<std::optional<std::string>> CurlAnswer::complaint() {
    const auto status = co_await child_->wait();
    if (status == process::ExitStatus{process::ExitStatus::Kind::exited, 0}) co_return std::nullopt;
    co_return words_for(status);
}

net::Task<std::expected<std::unique_ptr<CurlAnswer>, std::string>> open_url(net::IoContext& io, CurlRequest request) {
    process::SpawnPlan plan{.program = "curl",
                            .arguments = {"--disable", "--config", "/dev/fd/3"},
                            .environment = {},
                            .log_file = request.log_file,
                            .files = {},
                            .working_folder = {}};
    auto started = ChildOutput::start(io, std::move(plan), configuration(request));
    if (!started) co_return std::unexpected(describe(started.error()));
    auto child = std::move(*started);
    child->kill_after(request.answer_timeout);
    if (request.stop) child->end_on(*request.stop);
    std::string bytes;
    while (true) {
        if (auto found = pool::find_final_head(bytes)) {
            child->kill_never();
            co_return std::make_unique<CurlAnswer>(std::move(child), std::move(found->head),
                                                   bytes.substr(found->bytes));
        }
        const auto piece = co_await child->read();
        bytes += piece;
        if (piece.empty() || bytes.size() > pool::answer_heads_bytes_max) break;
    }
    if (bytes.size() > pool::answer_heads_bytes_max) co_return std::unexpected("the answer's head is too large");
    const auto status = co_await child->wait();
    if (child->was_too_slow()) {
        co_return std::unexpected("no answer within " + describe(request.answer_timeout));
    }
    co_return std::unexpected(words_for(status));
}

net::Task<std::expected<std::string, std::string>> read_url(net::IoContext& io, CurlRequest request, Bytes limit) {
    auto opened = co_await open_url(io, std::move(request));
    if (!opened) co_return std::unexpected(opened.error());
    auto& answer = **opened;
    if (answer.head().status != 200) co_return std::unexpected(fmt::format("it answers {}", answer.head().status));
    std::string body;
    while (body.size() <= limit.value) {
        const auto piece = co_await answer.read();
        if (piece.empty()) break;
        body += piece;
    }
    if (body.size() > limit.value) co_return std::unexpected("the answer is too large");
    const auto complaint = co_await answer.complaint();
    if (complaint) co_return std::unexpected(*complaint);
    co_return body;
}

}  // namespace rbees::poold
