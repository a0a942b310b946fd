#include "client/event_stream.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "client/refusal.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/net/sse.hpp"

namespace rbees::ctl {
namespace {

/// The server says something at least every 15 s; three such spans without a byte, and it is gone.
constexpr Duration silence_max = std::chrono::seconds(45);

constexpr std::size_t error_body_max = std::size_t{64} << 10;

std::optional<std::uint64_t> number_of(const net::SseEvent& event) {
    if (!event.id) return std::nullopt;
    return parse_whole<std::uint64_t>(*event.id);
}

/// What the coroutine works with. It may be abandoned, and must then refer to nothing of the command's.
struct Connection {
    net::Client* client = nullptr;
    std::string url;
    OnEvent on_event;
    net::SseParser parser{};
    StreamEnd end{};

    /// False if the bytes are no event stream.
    bool take(std::string_view bytes) {
        const auto events = parser.feed(bytes);
        if (!events) return false;
        for (const auto& event : *events) {
            const auto number = number_of(event);
            if (number && *number <= end.after) continue;  // told again
            on_event({number, event.event, event.data});
            if (number) end.after = *number;
        }
        return true;
    }

    void broke(CliError why) { end.why = std::move(why); }
};

net::Task<void> read_refusal(std::shared_ptr<Connection> connection, net::ClientStream* stream) {
    net::Response response{.status = stream->status(), .headers = stream->headers(), .body = {}};
    while (response.body.size() < error_body_max) {
        const auto piece = co_await stream->read();
        if (!piece || piece->empty()) break;
        response.body += *piece;
    }
    connection->broke(refusal(response));
}

net::Task<bool> receive(std::shared_ptr<Connection> connection, net::ClientRequest request) {
    const auto stream = co_await connection->client->open(std::move(request));
    if (!stream) {
        connection->broke(unreachable(stream.error(), connection->url));
        co_return true;
    }
    const int status = (*stream)->status();
    connection->end.is_whole = status == 204;
    if (status >= 400) co_await read_refusal(connection, stream->get());
    if (status != 200) co_return true;
    connection->end.was_open = true;
    while (true) {
        const auto piece = co_await (*stream)->read();
        if (!piece) connection->broke(unreachable(piece.error(), connection->url));
        if (!piece || piece->empty()) co_return true;
        if (!connection->take(*piece)) {
            connection->broke({ExitCode::failed, "an event of the stream is too large", {}, "UNKNOWN_ANSWER", {}});
            co_return true;
        }
    }
}

}  // namespace

Checked<StreamEnd> read_events(Api& api, std::string_view path, std::uint64_t after, OnEvent on_event) {
    const auto connection = std::make_shared<Connection>(&api.client(), api.address().url, std::move(on_event));
    connection->end.after = after;
    auto request = api.request("GET", path);
    request.headers.set("Accept", "text/event-stream, application/json");
    if (after > 0) request.headers.set("Last-Event-ID", std::to_string(after));
    request.timeouts.body = silence_max;
    const auto done = api.loop().run(receive(connection, std::move(request)));
    if (!done) return std::unexpected(done.error());
    return std::move(connection->end);
}

}  // namespace rbees::ctl
