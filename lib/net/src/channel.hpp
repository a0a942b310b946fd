#pragma once
/// @file
/// A TCP connection with its buffer, its bound and its end: what server and client connections share.
///
/// Writes go to the kernel at once and suspend only when it takes no more, so a small answer costs one system call. One
/// read may stay under way while a handler works (`watch`): it notices the end of the peer's side at no cost, because
/// the bytes it brings are those the next request would be read from anyway.

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "byte_buffer.hpp"
#include "deadlines.hpp"
#include "rbees/base/time.hpp"
#include "rbees/net/task.hpp"
#include "waiter.hpp"

namespace rbees::net {

/// Owned by shared_ptr: whoever runs a coroutine on it holds one. Single-threaded.
class Channel final : public std::enable_shared_from_this<Channel>, private Deadline {
  public:
    using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, IoContext::executor_type>;
    using Pieces = std::array<std::string_view, 3>;

    /// The socket is open.
    Channel(Socket socket, std::shared_ptr<Deadlines> deadlines);
    ~Channel();

    [[nodiscard]] ByteBuffer& buffer() { return buffer_; }
    [[nodiscard]] Socket& socket() { return socket_; }

    /// The bound of whatever goes on now; when it passes, `expired()` and every operation under way ends.
    void set_deadline(Duration span);
    void clear_deadline();
    [[nodiscard]] bool expired() const { return expired_; }

    /// Reads more bytes into the buffer. False at the end of the peer's side, after an error, or when the bound passed.
    [[nodiscard]] Task<bool> receive();

    /// Reads some bytes to `room`, past the buffer, which must be empty; 0 in the cases in which `receive` is false.
    [[nodiscard]] Task<std::size_t> receive_to(std::span<char> room);
    [[nodiscard]] bool is_reading() const { return reading_; }

    /// Sends the pieces, in order, each progress within `stall`. False when the peer is gone.
    [[nodiscard]] Task<bool> send(Pieces pieces, Duration stall);

    /// Sends without waiting; true if the kernel took all of it. Otherwise nothing but a prefix was taken: go on with
    /// `send` of what `pieces` has become.
    [[nodiscard]] bool send_now(Pieces& pieces);

    /// Sends these bytes with the next `send`, or when the loop has nothing else to do, whichever comes first.
    void send_soon(std::string bytes);

    /// Calls `ended` once, from the loop, when the peer closes its side or the connection breaks.
    void watch(std::function<void()> ended);
    void unwatch() { watcher_ = nullptr; }

    /// Ends our side and waits, for `patience` at most, until the peer ends its own: an answer that is followed at once
    /// by a close with unread bytes may never reach the peer.
    [[nodiscard]] Task<void> linger(Duration patience);

    /// Ends every operation under way; they return "gone".
    void close();
    /// The same with a reset, so that the peer cannot take what it got for the whole.
    void abort();
    /// Whether the peer ended its side with a FIN, and not with a reset or an error.
    [[nodiscard]] bool ended_properly() const { return is_eof_; }
    [[nodiscard]] bool is_open() const { return socket_.is_open() && !ended_; }

  private:
    struct BackgroundRead;

    void on_deadline() override;
    void read_in_background();
    void on_read(const boost::system::error_code& error, std::size_t count);
    void note_end(const boost::system::error_code& error);
    void notice_end();
    void flush();
    /// Bytes the kernel took; 0 when it takes none now, negative when the peer is gone.
    std::ptrdiff_t send_some(const Pieces& pieces);
    void take(Pieces& pieces, std::size_t count);

    Socket socket_;
    std::shared_ptr<Deadlines> deadlines_;
    ByteBuffer buffer_;
    std::string held_;  ///< bytes of send_soon that did not go out yet
    Waiter reader_;
    std::function<void()> watcher_;
    int sends_in_a_row_ = 0;
    bool reading_ = false;
    bool sending_ = false;
    bool expired_ = false;
    bool ended_ = false;   ///< the peer's side
    bool is_eof_ = false;  ///< ended_, in order
    bool broken_ = false;  ///< ours: nothing can be sent any more
};

}  // namespace rbees::net
