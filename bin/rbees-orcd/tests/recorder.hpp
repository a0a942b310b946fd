#pragma once
/// @file
/// What the servers of the tests are made of.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "rbees/http_api/answers.hpp"
#include "rbees/net/server.hpp"

namespace rbees::orcd {

/// A server on its own thread, and a log that other threads can wait for.
template <class Log>
class Recorder {
  public:
    explicit Recorder(net::Handler handler)
        : server_(io_, {}, std::move(handler), http_api::server_error_body(), {}),
          port_(server_.listen("127.0.0.1", 0).value()) {}

    void start() {
        thread_ = std::thread([this] { io_.run(); });
    }
    void stop() {
        io_.stop();
        thread_.join();
    }

    net::IoContext& io() { return io_; }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    void note(const std::function<void(Log&)>& change) {
        const std::scoped_lock lock(mutex_);
        change(log_);
        changed_.notify_all();
    }
    Log log() {
        const std::scoped_lock lock(mutex_);
        return log_;
    }
    /// False if it is not so within 30 s.
    bool wait_until(const std::function<bool(const Log&)>& is_so) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return is_so(log_); });
    }

  private:
    net::IoContext io_;
    net::Server server_;
    std::uint16_t port_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Log log_;
    std::thread thread_;
};

}  // namespace rbees::orcd
