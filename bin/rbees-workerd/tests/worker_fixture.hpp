#pragma once
/// @file
/// A whole worker on the test's own loop, under virtual time, and a client beside it. The loop turns only while a call
/// of the fixture waits for something; each wait has a deadline.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

#include "rbees/contracts/workers.hpp"
#include "rbees/engine/pace.hpp"
#include "rbees/engine/simulated.hpp"
#include "rbees/net/client.hpp"
#include "rbees/net/server.hpp"
#include "rbees/net/task.hpp"
#include "service.hpp"

namespace rbees::workerd {

inline constexpr std::chrono::seconds patience_of_tests(30);

/// Takes reports as a pool manager does, and notes them. `statuses` are answered first, then 204.
class FakePoolManager {
  public:
    explicit FakePoolManager(net::IoContext& io);

    [[nodiscard]] net::Url url() const;

    std::vector<contracts::WorkerReady> reports;
    std::vector<std::string> authorizations;
    std::vector<int> statuses;

  private:
    net::Task<void> take(net::Exchange& exchange);

    net::Server server_;
    std::uint16_t port_ = 0;
};

class WorkerFixture : public testing::Test {
  protected:
    using Headers = std::vector<std::pair<std::string, std::string>>;

    /// Starts a worker of this simulated model and waits until it serves. Free-running time unless said otherwise.
    void serve(const std::string& model = "sim:tiny?slots=2");

    /// Starts it and returns while it may still load.
    void start(const std::string& model);
    void start_with(EngineLoader loader, Settings settings);
    [[nodiscard]] Settings settings_for(const std::string& model) const;
    [[nodiscard]] EngineLoader simulated() const;

    /// One request with the right secret, or another; the whole answer.
    net::Response send(const std::string& method, const std::string& path, const std::string& body = {},
                       const Headers& headers = {});
    net::Response post(const std::string& path, const std::string& body, const Headers& headers = {}) {
        return send("POST", path, body, headers);
    }
    net::Response get(const std::string& path) { return send("GET", path); }
    net::ClientRequest request(const std::string& method, const std::string& path, const std::string& body,
                               const Headers& headers) const;

    /// A stream of which the head has arrived.
    std::unique_ptr<net::ClientStream> open(const std::string& path, const std::string& body,
                                            const Headers& headers = {});
    std::unique_ptr<net::ClientStream> open(net::ClientRequest request);
    std::string read_to_end(net::ClientStream& stream);

    /// Turns the loop until the condition holds; fails the test if it does not in time.
    void wait_until(const std::function<bool()>& condition);

    /// Turns the loop until the service has stopped it.
    void wait_for_end();

    template <class T>
    T await(net::Task<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr thrown, T value) {
            if (thrown) std::rethrow_exception(thrown);
            result.emplace(std::move(value));
        });
        wait_until([&] { return result.has_value(); });
        if (!result) throw std::runtime_error("the awaited call did not end in time");
        return std::move(*result);
    }

    [[nodiscard]] double metric(const std::string& name);

    net::IoContext io{1};
    std::shared_ptr<engine::VirtualPace> pace = std::make_shared<engine::VirtualPace>();
    std::optional<FakePoolManager> pool;
    std::optional<ExitCode> left_at_once;
    Patience patience;
    pool::ExecutionLimits executions;
    Duration turn{};  ///< of virtual time that each turn of the loop takes
    net::Client client{io};
    std::optional<Service> service;
    std::uint16_t port = 0;
    bool has_ended = false;

    WorkerFixture() = default;
    ~WorkerFixture() override;

  private:
    void note_end();
};

/// The value at "/choices/0/..." of a JSON text.
[[nodiscard]] boost::json::value at(const std::string& text, const std::string& pointer);

/// The text that a chat stream's frames make together.
[[nodiscard]] std::string text_of_stream(const std::string& bytes);

/// A chat request of that many tokens.
[[nodiscard]] std::string chat_body(int max_tokens, bool is_stream);

}  // namespace rbees::workerd
