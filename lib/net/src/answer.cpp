#include "answer.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "net_limits.hpp"

namespace rbees::net {

Answer::Answer(std::weak_ptr<ConnectionPool> pool, std::shared_ptr<Channel> channel, std::string authority,
               Timeouts timeouts)
    : pool_(std::move(pool)), channel_(std::move(channel)), authority_(std::move(authority)), timeouts_(timeouts) {}

void Answer::close() {
    if (is_complete_) return;
    is_cancelled_ = true;
    channel_->close();
}

std::unexpected<ClientError> Answer::failure(std::string_view part) {
    if (is_cancelled_) return std::unexpected(ClientError{ClientErrorKind::cancelled, "the request was given up"});
    const auto timed_out = channel_->expired();
    channel_->close();
    if (timed_out) {
        return std::unexpected(
            ClientError{ClientErrorKind::timed_out, fmt::format("{} took too long with {}", authority_, part)});
    }
    return std::unexpected(ClientError{ClientErrorKind::cut,
                                       fmt::format("{} closed the connection before the end of {}", authority_, part)});
}

std::unexpected<ClientError> Answer::malformed(std::string_view what) {
    channel_->close();
    return std::unexpected(ClientError{ClientErrorKind::malformed,
                                       fmt::format("{} does not answer in proper HTTP/1.1: {}", authority_, what)});
}

Task<Answer::Outcome> Answer::begin(std::shared_ptr<Answer> self, std::string head, std::string body,
                                    MessageParser::Kind kind) {
    self->parser_ = MessageParser(kind);
    Channel::Pieces pieces{head, body};
    auto sent = self->channel_->send_now(pieces);
    if (!sent) sent = co_await self->channel_->send(pieces, self->timeouts_.body);
    if (!sent && self->channel_->expired()) co_return self->failure("taking the request");
    // A peer may refuse a request, say so and close before it has read all of it: its answer counts.
    co_return co_await self->read_head();
}

Task<Answer::Outcome> Answer::read_head() {
    auto& buffer = channel_->buffer();
    HeadScan scan;
    int interim_answers = 0;
    is_stale_ = true;
    channel_->set_deadline(timeouts_.head);
    for (;;) {
        const auto verdict = scan.look(buffer.view());
        if (verdict == HeadScan::Verdict::refused) co_return malformed(scan.error());
        if (verdict == HeadScan::Verdict::complete) {
            auto head = parser_.parse_head(buffer.view().substr(0, scan.size()));
            if (!head) co_return malformed(head.error());
            buffer.consume(scan.size());
            head_ = std::move(*head);
            const auto is_interim = head_.status < 200 && head_.status != 101;
            if (!is_interim) break;
            if (++interim_answers > limits::interim_answers_max) co_return malformed("too many 1xx answers");
            scan = HeadScan();
            continue;
        }
        if (buffer.size() > limits::head_bytes_max) co_return malformed("the head is too large");
        const auto received = co_await channel_->receive();
        if (!received) {
            is_stale_ = is_stale_ && buffer.empty() && !channel_->expired() && !is_cancelled_;
            co_return failure("the answer's head");
        }
        is_stale_ = false;
    }
    channel_->clear_deadline();
    rest_ = head_.length;
    if (head_.body == BodyKind::none) finish();
    co_return Outcome();
}

Task<Answer::Outcome> Answer::read(std::shared_ptr<Answer> self) {
    if (self->is_complete_) co_return Outcome();
    if (self->is_cancelled_) co_return self->failure("the body");
    self->channel_->set_deadline(self->timeouts_.body);
    Outcome outcome;
    if (self->head_.body == BodyKind::chunked) {
        outcome = co_await self->read_chunks();
    } else {
        outcome = co_await self->read_bytes();
    }
    if (!self->is_complete_) self->channel_->clear_deadline();
    co_return outcome;
}

Task<Answer::Outcome> Answer::read_chunks() {
    auto& buffer = channel_->buffer();
    const auto size_before = body_.size();
    for (;;) {
        const auto chunks = parser_.parse_chunks(buffer.view(), body_);
        if (!chunks) co_return malformed(chunks.error());
        buffer.consume(chunks->used);
        if (chunks->is_complete) finish();
        if (chunks->is_complete || body_.size() > size_before) co_return Outcome();
        if (buffer.size() > limits::chunk_head_bytes_max) co_return malformed("a chunk's head is too large");
        const auto received = co_await channel_->receive();
        if (!received) co_return failure("the body");
    }
}

Task<Answer::Outcome> Answer::read_bytes() {
    auto& buffer = channel_->buffer();
    const auto is_until_close = head_.body == BodyKind::until_close;
    if (buffer.empty()) {
        const auto received = co_await channel_->receive();
        if (!received && is_until_close && channel_->ended_properly()) {
            finish();
            co_return Outcome();
        }
        if (!received) co_return failure("the body");
    }
    auto part = buffer.view();
    if (!is_until_close) part = part.substr(0, rest_);
    body_ += part;
    rest_ -= is_until_close ? 0 : part.size();
    buffer.consume(part.size());
    if (!is_until_close && rest_ == 0) finish();
    co_return Outcome();
}

void Answer::finish() {
    is_complete_ = true;
    const auto pool = pool_.lock();
    const auto is_reusable = head_.keeps_alive && head_.body != BodyKind::until_close && head_.status != 101 &&
                             channel_->buffer().empty() && channel_->is_open();
    if (pool && is_reusable) {
        channel_->clear_deadline();
        pool->put(authority_, channel_);
    } else {
        channel_->close();
    }
}

}  // namespace rbees::net
