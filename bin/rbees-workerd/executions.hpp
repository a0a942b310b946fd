#pragma once
/// @file
/// The worker's executions behind their routes: POST /execute, GET and DELETE /execute/{job}/{attempt}, POST .../ack.
///
/// An execution belongs to a lease, not to a connection: what the engine says goes into the book, whoever reads it gets
/// it from there, and it is kept until orcd has said that it is stored. When the book is full the generation pauses:
/// the engine is stopped, and asked for the rest when there is room.

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>

#include "epoch_gate.hpp"
#include "execution.hpp"
#include "execution_order.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/base/log.hpp"
#include "rbees/base/time.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/http_api/metrics.hpp"
#include "rbees/http_api/router.hpp"
#include "rbees/net/task.hpp"
#include "rbees/pool_core/execution_book.hpp"
#include "readers.hpp"
#include "task_book.hpp"

namespace rbees::workerd {

/// Made when the model is loaded. The loop's thread only.
class Executions {
  public:
    /// What it works with; the references must outlive it.
    struct Surroundings {
        net::IoContext& io;
        engine::Engine& engine;
        EpochGate& epochs;
        WorkerId worker;  ///< named on every answer
        std::shared_ptr<TaskBook> tasks;
        http_api::Metrics& metrics;
        Logger log;
    };

    Executions(Surroundings surroundings, pool::ExecutionLimits limits);
    ~Executions();
    Executions(const Executions&) = delete;
    Executions& operator=(const Executions&) = delete;

    // The routes. Errors included, each answers the call.
    [[nodiscard]] net::Task<void> begin(http_api::Call& call);
    [[nodiscard]] net::Task<void> attach(http_api::Call& call);
    [[nodiscard]] net::Response acknowledge(const http_api::Call& call);
    [[nodiscard]] net::Response cancel(const http_api::Call& call);

    /// Takes no new order; those that run go on.
    void close() { is_closed_ = true; }

    /// Brings the gauges up to date, before a scrape.
    void update_metrics();

  private:
    using Handle = std::shared_ptr<Execution>;
    template <class T>
    using Answer = std::expected<T, contracts::Problem>;

    /// One connection that reads an execution.
    struct Reading {
        Handle execution;
        std::uint64_t reader = 0;
        std::vector<pool::ExecutionEvent> kept;
        std::uint64_t place = 0;  ///< up to which that is
    };

    [[nodiscard]] net::Task<Answer<Handle>> obtain(http_api::Call& call);
    [[nodiscard]] net::Task<Answer<ExecutionOrder>> read(std::string body);
    [[nodiscard]] Answer<Handle> take(ExecutionOrder order);
    [[nodiscard]] Answer<Reading> open_reading(const http_api::Call& call);
    [[nodiscard]] net::Task<void> show(http_api::Call& call, Reading reading);
    [[nodiscard]] Answer<void> store(const pool::ExecutionKey& key, const contracts::Acknowledge& said);
    [[nodiscard]] Answer<void> check_reached(const pool::ExecutionKey& key, std::optional<std::uint64_t> token,
                                             std::string_view name) const;

    [[nodiscard]] bool ask(const Handle& execution);
    [[nodiscard]] net::Task<void> follow(Handle execution, std::shared_ptr<AnswerStream> stream,
                                         std::shared_ptr<const TaskBook::Entry> running);
    void take(Execution& execution, std::vector<engine::Event> events);
    void take(Execution& execution, const engine::Started& started);
    void take(Execution& execution, const engine::Said& said);
    void take(Execution& execution, const engine::Ended& ended);
    void take(Execution& execution, const engine::ApiError& error);
    void push(Execution& execution, pool::ExecutionEvent event);
    void fail(Execution& execution, const contracts::ExecutionError& error);
    void go_on(const Handle& execution);

    void end(const pool::ExecutionKey& key);
    void forget(pool::ExecutionKey key, std::string_view why);
    void watch_leases();
    void end_leases();

    net::IoContext& io_;
    engine::Engine& engine_;
    EpochGate& epochs_;
    WorkerId worker_;
    std::shared_ptr<TaskBook> tasks_;
    http_api::Metrics& metrics_;
    Logger log_;
    http_api::Counter completed_;
    http_api::Counter failed_;
    http_api::Counter cancelled_;
    http_api::Counter leases_ended_;
    http_api::Counter pauses_;
    pool::ExecutionBook book_;
    std::map<pool::ExecutionKey, Handle> executions_;  ///< the same as in the book
    boost::asio::basic_waitable_timer<BootClock> lease_;
    bool is_closed_ = false;
    Readers readers_;  ///< last: its threads use the engine
};

}  // namespace rbees::workerd
