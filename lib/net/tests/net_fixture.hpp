#pragma once
/// @file
/// A server on its own thread, and a raw client with blocking sockets: what the tests of this module share.

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "rbees/base/files.hpp"
#include "rbees/net/server.hpp"

namespace rbees::net::testing {

inline constexpr std::chrono::seconds deadline{20};

inline constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// Something that happens once, on another thread.
class Event {
  public:
    void set() {
        const std::lock_guard lock(mutex_);
        is_set_ = true;
        changed_.notify_all();
    }
    /// Waits for it, within the deadline.
    [[nodiscard]] bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, deadline, [this] { return is_set_; });
    }
    [[nodiscard]] bool is_set() {
        const std::lock_guard lock(mutex_);
        return is_set_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_set_ = false;
};

/// One answer as it came over the wire.
struct RawAnswer {
    int status = 0;
    std::string head;  ///< with the empty line
    std::string body;  ///< decoded
    bool is_whole = false;

    [[nodiscard]] std::string header(std::string_view name) const;
};

/// A TCP connection that says exactly what the test says.
class RawConnection {
  public:
    explicit RawConnection(UniqueFd fd);
    static RawConnection to(std::uint16_t port);

    void send(std::string_view bytes);
    /// One answer; `method` tells whether it has a body. An answer cut by the end is not whole.
    [[nodiscard]] RawAnswer answer(std::string_view method = "GET");
    [[nodiscard]] RawAnswer ask(std::string_view bytes, std::string_view method = "GET") {
        send(bytes);
        return answer(method);
    }
    /// Takes the head of a request that has come, as the peer that will answer it.
    std::string take_head();
    /// Everything until the peer closes.
    [[nodiscard]] std::string rest();
    /// Whether the peer closes without another byte.
    [[nodiscard]] bool is_closed_by_peer() { return rest().empty(); }
    /// Reads until the text has come; false if the end comes first.
    [[nodiscard]] bool wait_for_text(std::string_view text);
    void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }
    void close() { fd_.reset(); }
    /// Closes with a reset.
    void abort();
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    /// Reads more into `received_`; false at the end. Fails the test after the deadline.
    bool more();
    bool read_until(std::size_t size);
    bool read_chunks(std::string& body);

    UniqueFd fd_;
    std::string received_;
};

/// A peer that accepts connections and says what the test says.
class RawListener {
  public:
    RawListener();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] RawConnection accept();

  private:
    UniqueFd fd_;
    std::uint16_t port_ = 0;
};

/// A server under test. Everything of it runs on `thread`.
class ServerUnderTest {
  public:
    explicit ServerUnderTest(Handler handler, ServerLimits limits = {}, HeadCheck check = {});
    ~ServerUnderTest();
    ServerUnderTest(const ServerUnderTest&) = delete;
    ServerUnderTest& operator=(const ServerUnderTest&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] RawConnection connect() const { return RawConnection::to(port_); }

    /// Runs `work` on the server's thread and returns what it returned.
    template <class Work>
    auto on_thread(Work work) {
        std::packaged_task<decltype(work(*server_))()> task([&] { return work(*server_); });
        auto result = task.get_future();
        post([&] { task(); });
        return result.get();
    }
    /// Waits until the load satisfies the predicate.
    [[nodiscard]] bool wait_for_load(const std::function<bool(Server::Load)>& predicate);

  private:
    void post(std::function<void()> work);

    IoContext io_{1};
    std::unique_ptr<Server> server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace rbees::net::testing
