#include "channel.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net_limits.hpp"
#include "rbees/base/assert.hpp"

namespace rbees::net {

namespace {

constexpr auto use_tuple = boost::asio::as_tuple(boost::asio::use_awaitable);

template <class Unit>
int whole(Duration span) {
    return static_cast<int>(std::chrono::duration_cast<Unit>(span).count());
}

void set_option(int socket, int level, int option, int value) {
    ::setsockopt(socket, level, option, &value, sizeof value);
}

/// While bytes of ours are on their way the kernel sends no probes, and while none are the first option ends nothing by
/// itself: each covers what the other does not.
void give_up_when_vanished(int socket) {
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, whole<std::chrono::milliseconds>(limits::vanished_after));
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, whole<std::chrono::seconds>(limits::probe_after));
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, whole<std::chrono::seconds>(limits::probe_interval));
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, limits::probes_max);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/// Else the kernel takes megabytes for a peer that reads slowly, or not at all: memory that no bound of ours counts,
/// and text that we think of as sent.
void keep_little_unsent(int socket) {
    set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, limits::unsent_bytes);
}

bool all_sent(const Channel::Pieces& pieces) {
    return std::ranges::all_of(pieces, &std::string_view::empty);
}

}  // namespace

/// The completion of a background read. Destroyed without a call when the loop is destroyed: then nobody will wake the
/// coroutine that waits for it, and it must not keep the channel, which it owns, alive.
struct Channel::BackgroundRead {
    explicit BackgroundRead(std::shared_ptr<Channel> owner) : channel(std::move(owner)) {}
    BackgroundRead(BackgroundRead&&) = default;
    BackgroundRead& operator=(BackgroundRead&&) = default;
    ~BackgroundRead() {
        if (channel) channel->reader_.drop();
    }

    void operator()(const boost::system::error_code& error, std::size_t count) {
        const auto self = std::move(channel);
        self->on_read(error, count);
    }

    std::shared_ptr<Channel> channel;
};

Channel::Channel(Socket socket, std::shared_ptr<Deadlines> deadlines)
    : socket_(std::move(socket)), deadlines_(std::move(deadlines)) {
    give_up_when_vanished(socket_.native_handle());
    keep_little_unsent(socket_.native_handle());
    deadlines_->watch(*this);
}

Channel::~Channel() {
    deadlines_->forget(*this);
}

void Channel::set_deadline(Duration span) {
    deadlines_->set(*this, span);
}

void Channel::clear_deadline() {
    deadlines_->clear(*this);
}

void Channel::on_deadline() {
    expired_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

Task<bool> Channel::receive() {
    sends_in_a_row_ = 0;
    if (reading_) {
        co_await reader_.wait();
        co_return !ended_ && !expired_;
    }
    if (ended_ || expired_) co_return false;

    const auto room = buffer_.prepare();
    const auto target = boost::asio::buffer(room.data(), room.size());
    const auto [error, count] = co_await socket_.async_read_some(target, use_tuple);
    if (error) {
        note_end(error);
        co_return false;
    }
    buffer_.commit(count);
    co_return true;
}

Task<std::size_t> Channel::receive_to(std::span<char> room) {
    RBEES_ASSERT(!reading_ && buffer_.empty());
    sends_in_a_row_ = 0;
    if (ended_ || expired_) co_return 0;
    const auto target = boost::asio::buffer(room.data(), room.size());
    const auto [error, count] = co_await socket_.async_read_some(target, use_tuple);
    if (error) note_end(error);
    co_return error ? 0 : count;
}

void Channel::note_end(const boost::system::error_code& error) {
    is_eof_ = error == boost::asio::error::eof;
    ended_ = ended_ || is_eof_ || !expired_;
}

void Channel::read_in_background() {
    reading_ = true;
    const auto room = buffer_.prepare();
    socket_.async_read_some(boost::asio::buffer(room.data(), room.size()), BackgroundRead(shared_from_this()));
}

void Channel::on_read(const boost::system::error_code& error, std::size_t count) {
    reading_ = false;
    if (error) {
        note_end(error);
        notice_end();
    } else {
        buffer_.commit(count);
        if (watcher_ && buffer_.size() < limits::read_ahead_bytes) read_in_background();
    }
    reader_.wake();
}

void Channel::notice_end() {
    const auto ended = std::exchange(watcher_, nullptr);
    if (ended) ended();
}

void Channel::watch(std::function<void()> ended) {
    watcher_ = std::move(ended);
    if (ended_ || broken_) {
        boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->notice_end(); });
        return;
    }
    if (!reading_ && buffer_.size() < limits::read_ahead_bytes) read_in_background();
}

std::ptrdiff_t Channel::send_some(const Pieces& pieces) {
    std::array<iovec, 4> parts{};
    std::size_t used = 0;
    const auto add = [&](std::string_view bytes) {
        if (!bytes.empty()) parts[used++] = iovec{const_cast<char*>(bytes.data()), bytes.size()};
    };
    add(held_);
    for (const auto piece : pieces)
        add(piece);
    if (used == 0) return 0;

    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = used;
    for (;;) {
        const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return sent;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
        if (errno == EINTR) continue;
        broken_ = true;
        return -1;
    }
}

void Channel::take(Pieces& pieces, std::size_t count) {
    const auto from_held = std::min(count, held_.size());
    held_.erase(0, from_held);
    count -= from_held;
    for (auto& piece : pieces) {
        const auto part = std::min(count, piece.size());
        piece.remove_prefix(part);
        count -= part;
    }
}

bool Channel::send_now(Pieces& pieces) {
    if (broken_ || !socket_.is_open() || ++sends_in_a_row_ > limits::sends_in_a_row_max) return false;
    const auto sent = send_some(pieces);
    if (sent > 0) take(pieces, static_cast<std::size_t>(sent));
    return sent >= 0 && held_.empty() && all_sent(pieces);
}

Task<bool> Channel::send(Pieces pieces, Duration stall) {
    sending_ = true;
    if (std::exchange(sends_in_a_row_, 0) > limits::sends_in_a_row_max) {
        co_await boost::asio::post(boost::asio::use_awaitable);
    }
    while (!broken_ && socket_.is_open()) {
        const auto sent = send_some(pieces);
        if (sent < 0) break;
        take(pieces, static_cast<std::size_t>(sent));
        if (held_.empty() && all_sent(pieces)) {
            sending_ = false;
            co_return true;
        }
        set_deadline(stall);
        const auto [error] = co_await socket_.async_wait(Socket::wait_write, use_tuple);
        clear_deadline();
        if (error) broken_ = true;
    }
    sending_ = false;
    co_return false;
}

void Channel::send_soon(std::string bytes) {
    held_ += bytes;
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->flush(); });
}

void Channel::flush() {
    if (held_.empty() || sending_ || broken_ || !socket_.is_open()) return;
    Pieces nothing{};
    const auto sent = send_some(nothing);
    if (sent > 0) take(nothing, static_cast<std::size_t>(sent));
    if (broken_) notice_end();
}

Task<void> Channel::linger(Duration patience) {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    expired_ = false;
    set_deadline(patience);
    for (auto open = true; open;) {
        buffer_.consume(buffer_.size());
        open = co_await receive();
    }
    close();
}

void Channel::close() {
    clear_deadline();
    broken_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void Channel::abort() {
    boost::system::error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    close();
}

}  // namespace rbees::net
