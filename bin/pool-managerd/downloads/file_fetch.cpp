#include "downloads/file_fetch.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

#include "downloads/curl.hpp"
#include "limits.hpp"
#include "rbees/net/timer.hpp"

namespace rbees::poold {
namespace {

namespace asio = boost::asio;

/// What the connections of one download share.
struct Fetch : Stoppable {
    Fetch(net::IoContext& io_context, Background& thread, Progress& noted, FetchOrder wanted)
        : io(io_context), background(thread), progress(noted), order(std::move(wanted)), all_ended(io_context) {}

    net::IoContext& io;
    Background& background;
    Progress& progress;
    FetchOrder order;
    pool::RemoteFile remote;
    std::unique_ptr<PartialFile> file;
    std::deque<pool::ByteRange> parts;
    std::optional<Failure> failure;  ///< the first one; the other connections stop
    std::uint64_t saved_bytes = 0;
    bool is_saving = false;
    std::size_t running = 0;
    asio::steady_timer all_ended;

    [[nodiscard]] CurlRequest request() const {
        return {.url = order.url,
                .range = std::nullopt,
                .if_range = std::nullopt,
                .token = order.token,
                .answer_timeout = order.answer_timeout,
                .log_file = order.log_file,
                .stop = order.stop};
    }

    void fail_with(Failure reason) {
        if (!failure) failure = std::move(reason);
    }
    void stop() override { fail_with({"the download was stopped", ""}); }
};

std::string words_for_status(int status) {
    switch (status) {
        case 401:
        case 403:
            return fmt::format("it answers {} (not allowed; a gated model needs HF_TOKEN)", status);
        case 404:
            return "it answers 404 (no such file)";
        default:
            return fmt::format("it answers {}", status);
    }
}

/// Asks for the first byte, to learn what the source has and whether it gives parts.
net::Task<Result<pool::RemoteFile>> probe(std::shared_ptr<Fetch> fetch) {
    auto request = fetch->request();
    request.range = pool::ByteRange{0, 1};
    const auto opened = co_await open_url(fetch->io, std::move(request));
    if (!opened) co_return fail(opened.error());
    const auto& head = (*opened)->head();
    if (head.status != 206 && head.status != 200) co_return fail(words_for_status(head.status));
    co_return pool::RemoteFile{fetch->order.url, head.total, head.validator, head.status == 206 && head.total};
}

net::Task<void> save_journal(std::shared_ptr<Fetch> fetch) {
    if (fetch->is_saving || !fetch->remote.ranges) co_return;
    fetch->is_saving = true;
    fetch->saved_bytes = fetch->file->done().bytes();
    const auto saved = co_await fetch->background.run(
        [fetch, journal = fetch->file->journal()] { return fetch->file->save(journal); });
    fetch->is_saving = false;
    if (!saved) fetch->fail_with(saved.error());
}

/// Writes what comes of one answer, from the part's beginning on, and moves that on.
net::Task<void> take_body(std::shared_ptr<Fetch> fetch, CurlAnswer& answer, pool::ByteRange& part) {
    while (part.begin < part.end && !fetch->failure) {
        const auto piece = co_await answer.read();
        if (piece.empty()) break;
        const auto wanted = std::string_view(piece).substr(0, part.size());
        if (auto written = fetch->file->write(part.begin, wanted); !written)
            co_return fetch->fail_with(written.error());
        part.begin += wanted.size();
        fetch->progress.add(Bytes(wanted.size()));
        if (fetch->file->done().bytes() - fetch->saved_bytes >= limits::journal_step.value) {
            co_await save_journal(fetch);
        }
    }
}

/// One request for what is left of the part. Answers why it did not come whole, if so.
net::Task<std::string> try_part(std::shared_ptr<Fetch> fetch, pool::ByteRange& part) {
    auto request = fetch->request();
    request.range = part;
    request.if_range = fetch->remote.validator;
    const auto opened = co_await open_url(fetch->io, std::move(request));
    if (!opened) co_return opened.error();
    auto& answer = **opened;
    if (answer.head().status == 200 || (answer.head().status == 206 && answer.head().total != fetch->remote.total)) {
        fetch->fail_with({"the file changed at the source during the download", "pull the model again"});
        co_return "";
    }
    if (answer.head().status != 206) co_return words_for_status(answer.head().status);
    co_await take_body(fetch, answer, part);
    if (part.begin == part.end || fetch->failure) co_return "";
    const auto complaint = co_await answer.complaint();
    co_return complaint.value_or("the connection was cut");
}

/// A part, again and again as long as bytes come.
net::Task<void> fetch_part(std::shared_ptr<Fetch> fetch, pool::ByteRange part) {
    unsigned attempts = 0;
    while (part.begin < part.end && !fetch->failure) {
        const auto before = part.begin;
        const auto reason = co_await try_part(fetch, part);
        if (reason.empty()) continue;
        attempts = part.begin > before ? 0 : attempts + 1;
        if (attempts >= limits::part_attempts) co_return fetch->fail_with({reason, ""});
        co_await net::wait_for(fetch->order.retry_pause * (1U << attempts));
    }
}

/// One connection: part after part.
net::Task<void> connection(std::shared_ptr<Fetch> fetch) {
    while (!fetch->parts.empty() && !fetch->failure) {
        const auto part = fetch->parts.front();
        fetch->parts.pop_front();
        co_await fetch_part(fetch, part);
    }
    if (--fetch->running == 0) fetch->all_ended.cancel();
}

net::Task<void> fetch_parts(std::shared_ptr<Fetch> fetch) {
    const auto missing = fetch->file->done().missing(*fetch->remote.total);
    const auto parts = pool::share_out(missing, fetch->order.connections, fetch->order.part_min);
    fetch->parts.assign(parts.begin(), parts.end());
    fetch->running = std::min(fetch->order.connections, parts.size());
    fetch->saved_bytes = fetch->file->done().bytes();
    if (fetch->running == 0) co_return;
    fetch->all_ended.expires_at(asio::steady_timer::time_point::max());
    for (auto left = fetch->running; left > 0; --left) {
        asio::co_spawn(fetch->io, connection(fetch), asio::detached);
    }
    boost::system::error_code error;
    co_await fetch->all_ended.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (fetch->failure) co_await save_journal(fetch);
}

/// A source that gives no parts: from the beginning to the end.
net::Task<void> fetch_whole(std::shared_ptr<Fetch> fetch) {
    const auto opened = co_await open_url(fetch->io, fetch->request());
    if (!opened) co_return fetch->fail_with({opened.error(), ""});
    auto& answer = **opened;
    if (answer.head().status != 200) co_return fetch->fail_with({words_for_status(answer.head().status), ""});
    pool::ByteRange part{0, fetch->remote.total.value_or(std::numeric_limits<std::uint64_t>::max())};
    co_await take_body(fetch, answer, part);
    if (fetch->failure) co_return;  // nobody reads on, so curl would not end
    const auto complaint = co_await answer.complaint();
    const bool is_whole = fetch->remote.total ? part.begin == part.end : !complaint;
    if (!is_whole) fetch->fail_with({complaint.value_or("the connection was cut"), ""});
}

}  // namespace

net::Task<Result<std::unique_ptr<PartialFile>>> fetch_file(net::IoContext& io, Background& background,
                                                           Progress& progress, FetchOrder order) {
    auto fetch = std::make_shared<Fetch>(io, background, progress, std::move(order));
    progress.begin("downloading", std::nullopt);
    fetch->order.stop->tell(fetch);
    auto remote = co_await probe(fetch);
    if (!remote) co_return std::unexpected(remote.error());
    fetch->remote = std::move(*remote);
    auto file = PartialFile::open(fetch->order.target, fetch->remote, fetch->order.write_at);
    if (!file) co_return std::unexpected(file.error());
    fetch->file = std::make_unique<PartialFile>(std::move(*file));
    const auto total = fetch->remote.total;
    progress.begin("downloading", total ? std::optional(Bytes(*total)) : std::nullopt,
                   Bytes(fetch->file->done().bytes()));
    if (fetch->remote.ranges) {
        co_await fetch_parts(fetch);
    } else {
        co_await fetch_whole(fetch);
    }
    if (fetch->failure) co_return std::unexpected(*fetch->failure);
    co_return std::move(fetch->file);
}

}  // namespace rbees::poold
