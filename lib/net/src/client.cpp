#include "rbees/net/client.hpp"

#include <utility>

#include <fmt/format.h>

#include "answer.hpp"
#include "connecting.hpp"
#include "connection_pool.hpp"
#include "head_text.hpp"

namespace rbees::net {

namespace {

using AnswerOrError = std::expected<std::shared_ptr<Answer>, ClientError>;
using ResponseOrError = std::expected<Response, ClientError>;
using StreamOrError = std::expected<std::unique_ptr<ClientStream>, ClientError>;
using PieceOrError = std::expected<std::string, ClientError>;

class AnswerStream final : public ClientStream {
  public:
    explicit AnswerStream(std::shared_ptr<Answer> answer) : answer_(std::move(answer)) {}
    ~AnswerStream() override { answer_->close(); }

    [[nodiscard]] int status() const override { return answer_->head().status; }
    [[nodiscard]] const Fields& headers() const override { return answer_->head().fields; }
    [[nodiscard]] Task<PieceOrError> read() override { return read_piece(answer_); }
    void close() override { answer_->close(); }

  private:
    static Task<PieceOrError> read_piece(std::shared_ptr<Answer> answer) {
        const auto outcome = co_await Answer::read(answer);
        if (!outcome) co_return std::unexpected(outcome.error());
        co_return answer->take_body();
    }

    std::shared_ptr<Answer> answer_;
};

Task<AnswerOrError> begin(std::shared_ptr<ConnectionPool> pool, ClientRequest request) {
    const auto authority = request.url.authority();
    if (request.url.scheme != "http") {
        const auto detail = fmt::format("cannot connect to {}: https is not built in yet", authority);
        co_return std::unexpected(ClientError{ClientErrorKind::cannot_connect, detail});
    }
    std::string head;
    append_request_head(head, request.method, request.url, request.headers, request.body.size());
    const auto kind = request.method == "HEAD" ? MessageParser::Kind::response_to_head : MessageParser::Kind::response;

    auto channel = pool->take(authority);
    while (true) {
        const auto is_reused = channel != nullptr;
        if (!is_reused) {
            auto opened = co_await open_channel(pool->io(), pool->deadlines(), request.url, request.timeouts.connect);
            if (!opened) co_return std::unexpected(std::move(opened.error()));
            channel = std::move(*opened);
        }
        const auto answer = std::make_shared<Answer>(pool, std::move(channel), authority, request.timeouts);
        auto outcome = co_await Answer::begin(answer, head, request.body, kind);
        if (outcome) co_return answer;
        if (!is_reused || !answer->is_stale()) co_return std::unexpected(std::move(outcome.error()));
        channel = nullptr;  // once more, on a new connection
    }
}

Task<ResponseOrError> send_request(std::shared_ptr<ConnectionPool> pool, ClientRequest request) {
    const auto limit = request.answer_limit.value;
    const auto authority = request.url.authority();
    const auto answer = co_await begin(std::move(pool), std::move(request));
    if (!answer) co_return std::unexpected(answer.error());

    const auto& head = (*answer)->head();
    auto is_over = head.body == BodyKind::length && head.length > limit;
    for (std::size_t size = 0, size_before = 1; size != size_before && !is_over;) {
        const auto outcome = co_await Answer::read(*answer);
        if (!outcome) co_return std::unexpected(outcome.error());
        size_before = size;
        size = (*answer)->body_size();
        is_over = size > limit;
    }
    if (is_over) {
        const auto detail = fmt::format("the answer of {} is larger than {}", authority, describe(Bytes(limit)));
        co_return std::unexpected(ClientError{ClientErrorKind::too_large, detail});
    }
    co_return Response{.status = head.status, .headers = head.fields, .body = (*answer)->take_body()};
}

Task<StreamOrError> open_stream(std::shared_ptr<ConnectionPool> pool, ClientRequest request) {
    auto answer = co_await begin(std::move(pool), std::move(request));
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    co_return std::make_unique<AnswerStream>(std::move(*answer));
}

}  // namespace

Client::Client(IoContext& io, std::size_t idle_per_host) : pool_(std::make_shared<ConnectionPool>(io, idle_per_host)) {}

Client::~Client() = default;

Task<ResponseOrError> Client::send(ClientRequest request) {
    return send_request(pool_, std::move(request));
}

Task<StreamOrError> Client::open(ClientRequest request) {
    return open_stream(pool_, std::move(request));
}

}  // namespace rbees::net
