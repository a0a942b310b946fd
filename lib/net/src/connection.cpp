#include "connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "net_limits.hpp"
#include "target.hpp"

namespace rbees::net {

namespace {

/// The target of a head that was refused, or never became whole: the second word of its first line.
std::string target_in(std::string_view head) {
    const auto line = head.substr(0, head.find("\r\n"));
    const auto begin = line.find(' ');
    if (begin == std::string_view::npos) return {};
    const auto rest = line.substr(begin + 1);
    return std::string(rest.substr(0, rest.find(' ')));
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerState> server, Channel::Socket socket, std::string peer)
    : server_(std::move(server)),
      channel_(std::make_shared<Channel>(std::move(socket), server_->deadlines)),
      peer_(std::move(peer)) {
    server_->add(*this);
}

Connection::~Connection() {
    end_request();
    server_->remove(*this);
}

Task<void> Connection::serve(std::shared_ptr<Connection> self) {
    co_await self->serve_requests();
}

Task<void> Connection::turn_away(std::shared_ptr<Connection> self) {
    const Refusal refusal{503, "the server has as many connections as it may", "connections"};
    co_await self->refuse(refusal);
}

void Connection::close_if_idle() {
    if (phase_ == Phase::idle) channel_->close();
}

void Connection::enter(Phase phase) {
    phase_ = phase;
    switch (phase) {
        case Phase::idle:
            channel_->set_deadline(server_->limits.idle_time);
            break;
        case Phase::head:
            channel_->set_deadline(server_->limits.header_time);
            server_->begin_request();
            is_counted_ = true;
            break;
        case Phase::body:
            channel_->set_deadline(server_->limits.body_time);
            break;
        case Phase::answering:
            channel_->clear_deadline();
            break;
    }
}

void Connection::end_request() {
    server_->bodies->give_back(std::exchange(body_held_, Bytes()));
    if (std::exchange(is_counted_, false)) server_->end_request();
}

Task<void> Connection::serve_requests() {
    for (auto again = true; again;) {
        const auto refusal = co_await read_request();
        if (refusal) {
            co_await refuse(*refusal);
            co_return;
        }
        again = co_await answer();
        end_request();
    }
    if (channel_->is_open()) co_await channel_->linger(limits::linger_time);
    channel_->close();
}

Task<Connection::MaybeRefusal> Connection::read_request() {
    enter(Phase::idle);
    if (server_->is_draining()) co_return Refusal{};
    request_ = Request{};
    const auto refusal = co_await read_head();
    if (refusal) co_return refusal;
    if (head_.body == BodyKind::none || request_.is_body_left) co_return std::nullopt;
    co_return co_await read_body();
}

Task<Connection::MaybeRefusal> Connection::read_head() {
    HeadScan scan;
    const auto limit = server_->limits.header.value;
    auto& buffer = channel_->buffer();
    for (auto is_blank_line_allowed = true;;) {
        if (phase_ == Phase::idle && !buffer.empty()) enter(Phase::head);
        const auto verdict = scan.look(buffer.view());
        if (verdict == HeadScan::Verdict::refused) co_return Refusal{400, std::string(scan.error()), ""};
        const auto size = verdict == HeadScan::Verdict::complete ? scan.size() : buffer.size();
        if (size > limit) co_return head_too_large("the head of the request is");
        if (verdict == HeadScan::Verdict::complete && size == 2 && is_blank_line_allowed) {
            is_blank_line_allowed = false;  // RFC 9112 section 2.2: one empty line before a request is skipped
            buffer.consume(size);
            scan = HeadScan();
            continue;
        }
        if (verdict == HeadScan::Verdict::complete) co_return take_head(buffer.view().substr(0, size));
        const auto received = co_await channel_->receive();
        if (!received) co_return why_nothing_came();
    }
}

/// 431: `what` is larger than heads may be.
Connection::Refusal Connection::head_too_large(std::string_view what) const {
    return {431, fmt::format("{} larger than {} bytes", what, server_->limits.header.value), "header"};
}

Connection::Refusal Connection::why_nothing_came() const {
    if (!channel_->expired() || phase_ == Phase::idle) return Refusal{};
    if (phase_ == Phase::head) return Refusal{408, "the head of the request took too long", "header_time"};
    return Refusal{408, "the body of the request took too long", "body_time"};
}

Connection::MaybeRefusal Connection::take_head(std::string_view bytes) {
    auto head = parser_.parse_head(bytes);
    if (!head) return Refusal{400, std::string(head.error()), ""};
    head_ = std::move(*head);
    channel_->buffer().consume(bytes.size());
    request_ = Request{};
    request_.method = std::move(head_.method);
    request_.target = std::move(head_.target);
    request_.headers = std::move(head_.fields);
    request_.peer = peer_;
    if (split_target(request_) != TargetVerdict::fine) return Refusal{400, "the request target is malformed", ""};
    return head_.body == BodyKind::none ? std::nullopt : check_head();
}

/// Whether the body is read, and how much of it.
Connection::MaybeRefusal Connection::check_head() {
    body_bound_ = {server_->limits.body, "body.limit"};
    if (server_->head_check) {
        const auto bound = server_->head_check(request_);
        if (!bound) {
            leave_body();
            return std::nullopt;
        }
        if (bound->most < body_bound_.most) body_bound_ = *bound;
    }
    if (head_.body == BodyKind::length && head_.length > body_bound_.most.value) {
        return body_too_large();
    }
    return std::nullopt;
}

Connection::Refusal Connection::body_too_large() const {
    return {413, fmt::format("the body of the request is larger than {} bytes", body_bound_.most.value),
            body_bound_.name};
}

/// The next request can only follow if nothing of this body is still on its way.
void Connection::leave_body() {
    request_.is_body_left = true;
    auto& buffer = channel_->buffer();
    if (head_.body == BodyKind::length && head_.length <= buffer.size()) {
        buffer.consume(static_cast<std::size_t>(head_.length));
    } else {
        head_.keeps_alive = false;
    }
}

/// Takes what is missing from the budget, for a body of that size.
Connection::MaybeRefusal Connection::hold_body(std::size_t size) {
    const Bytes more(size - std::min<std::size_t>(size, body_held_.value));
    if (!server_->bodies->take(more)) {
        return Refusal{503, "the bodies of all requests that are being answered are too large together",
                       "bodies.limit"};
    }
    body_held_ += more;
    return std::nullopt;
}

Task<Connection::MaybeRefusal> Connection::read_body() {
    enter(Phase::body);
    if (head_.expects_continue && channel_->buffer().empty()) {
        const auto sent = co_await channel_->send({"HTTP/1.1 100 Continue\r\n\r\n"}, server_->limits.write_time);
        if (!sent) co_return Refusal{};
        enter(Phase::body);
    }
    if (head_.body == BodyKind::chunked) co_return co_await read_chunked_body();
    co_return co_await read_sized_body();
}

Task<Connection::MaybeRefusal> Connection::read_sized_body() {
    auto& buffer = channel_->buffer();
    auto& body = request_.body;
    const auto length = static_cast<std::size_t>(head_.length);
    body.reserve(std::min(length, limits::direct_read_bytes));
    std::size_t filled = 0;  // bytes of `body` that were read; it grows with them, not with what the client promises
    while (filled < length) {
        if (!buffer.empty()) {
            const auto part = buffer.view().substr(0, length - filled);
            if (const auto refusal = hold_body(filled + part.size())) co_return refusal;
            body.resize(filled);
            body += part;
            buffer.consume(part.size());
            filled = body.size();
        } else if (channel_->is_reading() || length - filled < limits::direct_read_bytes) {
            const auto received = co_await channel_->receive();
            if (!received) co_return why_nothing_came();
        } else {
            if (filled == body.size()) {
                const auto wanted = std::min(length, std::max(limits::direct_read_bytes, filled * 2));
                if (const auto refusal = hold_body(wanted)) co_return refusal;
                body.resize(wanted);
            }
            const auto room = std::span(body).subspan(filled);
            const auto count = co_await channel_->receive_to(room);
            if (count == 0) co_return why_nothing_came();
            filled += count;
        }
    }
    co_return std::nullopt;
}

Connection::MaybeRefusal Connection::take_chunks(bool& is_complete) {
    auto& buffer = channel_->buffer();
    const auto chunks = parser_.parse_chunks(buffer.view(), request_.body);
    if (!chunks) return Refusal{400, std::string(chunks.error()), ""};
    buffer.consume(chunks->used);
    if (request_.body.size() > body_bound_.most.value) {
        return body_too_large();
    }
    if (const auto refusal = hold_body(request_.body.size())) return refusal;
    if (!chunks->is_complete && buffer.size() > server_->limits.header.value) {
        return head_too_large("the head of a chunk, or the trailers, are");
    }
    is_complete = chunks->is_complete;
    return std::nullopt;
}

Task<Connection::MaybeRefusal> Connection::read_chunked_body() {
    for (;;) {
        auto is_complete = false;
        const auto refusal = take_chunks(is_complete);
        if (refusal || is_complete) co_return refusal;
        const auto received = co_await channel_->receive();
        if (!received) co_return why_nothing_came();
    }
}

Task<bool> Connection::answer() {
    enter(Phase::answering);
    const ConnectionExchange::Terms terms{.is_http_11 = head_.is_http_11, .keeps_alive = head_.keeps_alive};
    ConnectionExchange exchange(*server_, channel_, std::move(request_), terms);
    std::string thrown;
    try {
        co_await server_->handler(exchange);
    } catch (const std::exception& error) {
        thrown = error.what();
        if (thrown.empty()) thrown = "an exception without text";
    }
    if (!thrown.empty()) {
        server_->log.error("a handler threw", {{"path", exchange.request().path}, {"error", thrown}});
        const Refusal refusal{500, "the server failed to handle the request", ""};
        auto response = error_response(refusal, exchange.request().target);
        if (exchange.is_untouched()) static_cast<void>(co_await exchange.respond(std::move(response)));
    }
    if (!exchange.is_answered()) channel_->abort();
    co_return exchange.may_go_on() && channel_->is_open();
}

Response Connection::error_response(const Refusal& refusal, std::string_view target) const {
    if (server_->error_body) {
        return server_->error_body(
            {.status = refusal.status, .detail = refusal.detail, .limit = refusal.limit, .target = target});
    }
    return Response{.status = refusal.status, .headers = {}, .body = refusal.detail + "\n"};
}

Task<void> Connection::refuse(Refusal refusal) {
    if (refusal.status != 0) {
        server_->log.debug("refused a request",
                           {{"peer", peer_}, {"status", std::int64_t{refusal.status}}, {"detail", refusal.detail}});
        phase_ = Phase::answering;
        channel_->clear_deadline();
        const auto target = request_.target.empty() ? target_in(channel_->buffer().view()) : request_.target;
        auto response = error_response(refusal, target);
        if (refusal.status == 503 && !response.headers.contains("Retry-After"))
            response.headers.set("Retry-After", "1");
        std::string text;
        append_answer_head(text, response, AnswerShape{.keeps_alive = false});
        const Channel::Pieces pieces{text, response.body};
        const auto sent = co_await channel_->send(pieces, server_->limits.write_time);
        end_request();
        if (sent) co_await channel_->linger(limits::linger_time);
    }
    channel_->close();
    end_request();
}

}  // namespace rbees::net
