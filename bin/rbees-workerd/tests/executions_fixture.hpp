#pragma once
/// @file
/// Orders executions from a worker and reads them, as orcd does.

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rbees/contracts/executions.hpp"
#include "rbees/net/sse.hpp"
#include "rbees/reflect/read.hpp"
#include "worker_fixture.hpp"

namespace rbees::workerd {

/// An event's data as its struct; fails the test if it is not one.
template <class T>
T read_event(const net::SseEvent& event) {
    auto value = reflect::from_json_text<T>(event.data);
    EXPECT_TRUE(value) << event.event << ": " << event.data;
    return value ? std::move(*value) : T{};
}

/// What a reader has of an execution: each token once, whatever connection it came by.
struct Heard {
    std::optional<contracts::ExecutionStart> start;
    std::uint64_t tokens = 0;  ///< the index of the next one
    contracts::TokenIdList ids;
    std::string text;
    std::optional<contracts::ExecutionEnd> end;
    std::optional<contracts::ExecutionError> error;

    void take(const net::SseEvent& event);
    [[nodiscard]] bool is_over() const { return end || error; }
    [[nodiscard]] std::optional<std::uint64_t> last() const {
        return tokens == 0 ? std::nullopt : std::optional(tokens - 1);
    }
};

class ExecutionsFixture : public WorkerFixture {
  protected:
    /// One connection that reads.
    struct Connection {
        std::unique_ptr<net::ClientStream> stream;
        net::SseParser parser{};
        std::deque<net::SseEvent> events{};
        bool is_cut = false;  ///< it ended without its proper end
    };

    /// Starts a worker whose time stands still.
    void serve_in_still_time(const std::string& model);

    /// Starts one that says a token with each turn of the test's loop, so that it does not run ahead of its readers.
    void serve_step_by_step(const std::string& slots);

    /// Starts one with this engine.
    void serve_engine(std::unique_ptr<engine::Engine> engine);

    /// What a chat says to the request.
    [[nodiscard]] std::string undisturbed(const std::string& request);

    /// Cancels what the test left, so that the worker can drain.
    void TearDown() override;

    [[nodiscard]] static std::string order_body(const std::string& job, std::uint32_t attempt,
                                                const std::string& request, const std::string& more = {});
    [[nodiscard]] static std::string path(const std::string& job, std::uint32_t attempt, const std::string& rest = {});

    net::Response order(const std::string& job, std::uint32_t attempt, const std::string& request,
                        const std::string& more = {});
    net::Response acknowledge(const std::string& job, std::uint32_t attempt, const std::string& body);
    net::Response cancel(const std::string& job, std::uint32_t attempt) { return send("DELETE", path(job, attempt)); }

    Connection attach(const std::string& job, std::uint32_t attempt, std::optional<std::uint64_t> after = {});

    /// The next event, or nothing at the end.
    std::optional<net::SseEvent> next(Connection& connection);

    /// Reads one connection to its end.
    Heard hear(const std::string& job, std::uint32_t attempt, Heard heard = {});

    double executions_in(const std::string& state) { return metric("rbees_executions{state=\"" + state + "\"}"); }
    std::uint32_t slots_busy();

  private:
    std::vector<std::pair<std::string, std::uint32_t>> ordered_;
};

[[nodiscard]] std::string code_of(const net::Response& answer);

/// The pointer of a problem's first fault.
[[nodiscard]] std::string pointer_of(const net::Response& answer);

}  // namespace rbees::workerd
