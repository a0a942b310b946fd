#pragma once
/// @file
/// The routes that the engine answers: from a request to a running answer, and back to the client as it comes.

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "answer_stream.hpp"
#include "epoch_gate.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/base/log.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/http_api/metrics.hpp"
#include "rbees/http_api/router.hpp"
#include "rbees/net/task.hpp"
#include "readers.hpp"
#include "task_book.hpp"

namespace rbees::workerd {

/// How an answer ended; the label of `worker_requests_total`.
enum class Outcome : std::uint8_t {
    ok,
    refused,    ///< 4xx: the request's fault
    failed,     ///< 5xx, or an error in the middle of a stream
    cancelled,  ///< by task id
    left,       ///< the client went away
};

/// Where an answer begins: with its first token, or where another worker's broke off (POST /continue).
enum class Beginning : bool { anew, elsewhere };

/// Made when the model is loaded; lives as long as the engine, which it owns. The loop's thread only.
class Inference {
  public:
    /// What it works with beside the engine; the references must outlive it.
    struct Surroundings {
        net::IoContext& io;
        EpochGate& epochs;
        WorkerId worker;  ///< named on every answer
        std::shared_ptr<TaskBook> tasks;
        http_api::Metrics& metrics;
        Logger log;
    };

    Inference(std::unique_ptr<engine::Engine> engine, Surroundings surroundings);
    Inference(const Inference&) = delete;
    Inference& operator=(const Inference&) = delete;

    /// Answers one call of an engine's operation, errors included. What begins elsewhere says in its body which one of
    /// a chat model's it is; `operation` is then any of these.
    [[nodiscard]] net::Task<void> serve(http_api::Call& call, engine::Operation operation, Beginning beginning);

    [[nodiscard]] const engine::Engine& engine() const { return *engine_; }
    [[nodiscard]] engine::Engine& engine() { return *engine_; }

  private:
    /// A request that may run.
    struct Admitted {
        TaskId task;
        std::shared_ptr<AnswerStream> stream;
        TaskBook::Entry entry;
    };

    [[nodiscard]] std::expected<Admitted, contracts::Problem> admit(http_api::Call& call, engine::Operation operation,
                                                                    Beginning beginning);
    [[nodiscard]] std::expected<void, contracts::Problem> start(const std::shared_ptr<AnswerStream>& stream,
                                                                engine::Call call, Beginning beginning);
    [[nodiscard]] net::Task<Outcome> relay(http_api::Call& call, std::shared_ptr<AnswerStream> stream, TaskId task);
    [[nodiscard]] net::Task<Outcome> relay_stream(http_api::Call& call, std::shared_ptr<AnswerStream> stream,
                                                  net::Response head);
    [[nodiscard]] net::Task<Outcome> relay_whole(http_api::Call& call, std::shared_ptr<AnswerStream> stream,
                                                 net::Response answer);
    void count(Outcome outcome);

    net::IoContext& io_;
    std::unique_ptr<engine::Engine> engine_;
    WorkerId worker_;
    std::shared_ptr<TaskBook> tasks_;
    std::map<Outcome, http_api::Counter> outcomes_;
    Logger log_;
    EpochGate& epochs_;
    std::size_t answers_max_;
    Readers readers_;  ///< last: its threads use the engine
};

}  // namespace rbees::workerd
