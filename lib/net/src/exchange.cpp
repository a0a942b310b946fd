#include "exchange.hpp"

#include <utility>

#include "rbees/base/assert.hpp"

namespace rbees::net {

ConnectionExchange::ConnectionExchange(const ServerState& server, std::shared_ptr<Channel> channel, Request request,
                                       Terms terms)
    : server_(server),
      channel_(std::move(channel)),
      request_(std::move(request)),
      terms_(terms),
      is_head_(request_.method == "HEAD") {}

bool ConnectionExchange::has_body(int status) const {
    return !is_head_ && status != 204 && status != 304;
}

AnswerShape ConnectionExchange::shape(AnswerLength length) {
    keeps_alive_ = terms_.keeps_alive && length != AnswerLength::until_close && !server_.is_draining();
    return AnswerShape{.length = length, .is_http_11 = terms_.is_http_11, .keeps_alive = keeps_alive_};
}

bool ConnectionExchange::settle(bool sent, State next) {
    state_ = sent ? next : State::broken;
    return sent;
}

Task<bool> ConnectionExchange::respond(Response response) {
    RBEES_ASSERT(state_ == State::open);
    auto length = AnswerLength::exact;
    if (is_head_) length = AnswerLength::as_stated;
    if (response.status == 204 || response.status == 304) length = AnswerLength::none;

    std::string head;
    head.reserve(256);
    append_answer_head(head, response, shape(length));
    Channel::Pieces pieces{head};
    if (has_body(response.status)) pieces[1] = response.body;
    auto sent = channel_->send_now(pieces);
    if (!sent) sent = co_await channel_->send(pieces, server_.limits.write_time);
    co_return settle(sent, State::answered);
}

Task<bool> ConnectionExchange::start(Response head) {
    RBEES_ASSERT(state_ == State::open);
    sends_body_ = has_body(head.status);
    auto length = terms_.is_http_11 ? AnswerLength::chunked : AnswerLength::until_close;
    if (head.status == 204 || head.status == 304) length = AnswerLength::none;

    std::string text;
    text.reserve(256);
    append_answer_head(text, head, shape(length));
    channel_->send_soon(std::move(text));
    co_return settle(channel_->is_open(), State::streaming);
}

Task<bool> ConnectionExchange::write(std::string piece) {
    RBEES_ASSERT(state_ == State::streaming || state_ == State::broken);
    if (state_ == State::broken) co_return false;
    if (piece.empty() || !sends_body_) co_return channel_->is_open();  // an empty chunk would be the end

    std::string size;
    Channel::Pieces pieces{size, piece, ""};
    if (terms_.is_http_11) {
        append_chunk_size(size, piece.size());
        pieces = {size, piece, "\r\n"};
    }
    auto sent = channel_->send_now(pieces);
    if (!sent) sent = co_await channel_->send(pieces, server_.limits.write_time);
    co_return settle(sent, State::streaming);
}

Task<bool> ConnectionExchange::finish() {
    RBEES_ASSERT(state_ == State::streaming || state_ == State::broken);
    if (state_ == State::broken) co_return false;
    Channel::Pieces pieces{terms_.is_http_11 && sends_body_ ? "0\r\n\r\n" : ""};
    auto sent = channel_->send_now(pieces);
    if (!sent) sent = co_await channel_->send(pieces, server_.limits.write_time);
    co_return settle(sent, State::answered);
}

}  // namespace rbees::net
