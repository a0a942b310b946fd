#pragma once
/// @file
/// Servers of the tests on threads of their own: a worker that answers as a test tells it to, and a pool manager that
/// takes orders. What they saw is waited for, never slept for.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rbees/contracts/models.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::orcd {

/// How a pool manager reports a worker that serves chats.
[[nodiscard]] contracts::WorkerReport ready_report(const std::string& id, const std::string& url,
                                                   const std::string& model, std::uint32_t slots);

/// How a worker answers a request.
enum class Manner : unsigned char {
    whole,               ///< at once, a JSON object that names the worker
    events,              ///< three events and [DONE]
    held,                ///< as `whole`, but only when released
    held_events,         ///< one event; the rest when released
    floods,              ///< events for as long as they are taken
    refuses,             ///< 409
    dies_before_head,    ///< the connection breaks
    dies_before_body,    ///< a head of a stream, then the connection breaks
    dies_in_the_middle,  ///< one event and a half, then the connection breaks
    counts,              ///< six tokens with their ids and [DONE]; what /continue asks for likewise
    counts_and_dies,     ///< two tokens more, then the connection breaks
};

/// What a worker was asked.
struct WorkerLog {
    std::vector<std::string> paths;
    std::vector<std::string> tasks;      ///< X-Rbees-Task of each request
    std::vector<std::string> epochs;     ///< X-Rbees-Epoch
    std::vector<std::string> bodies;     ///< as received
    std::vector<std::string> secrets;    ///< Authorization
    std::vector<std::string> cancelled;  ///< tasks that /cancel named
    std::size_t running = 0;
    std::size_t most_running = 0;
    std::size_t flooded = 0;  ///< bytes that were taken
    bool has_flood_ended = false;
};

class FakeWorker {
  public:
    FakeWorker(std::string id, Manner manner);
    ~FakeWorker();
    FakeWorker(const FakeWorker&) = delete;
    FakeWorker& operator=(const FakeWorker&) = delete;

    [[nodiscard]] const std::string& id() const { return id_; }

    /// How its pool manager reports it.
    [[nodiscard]] contracts::WorkerReport report(const std::string& model, std::uint32_t slots) const;

    void answer(Manner manner);

    /// Lets every held request go on.
    void release();

    [[nodiscard]] WorkerLog log() const;

    /// Waits until its log is so; false after 30 s.
    [[nodiscard]] bool wait_until(const std::function<bool(const WorkerLog&)>& is_so);

  private:
    class Implementation;
    std::string id_;
    std::unique_ptr<Implementation> implementation_;
};

/// What a pool manager was ordered.
struct Orders {
    std::vector<contracts::SpawnWorker> spawned;
    std::vector<WorkerId> stopped;
    std::vector<contracts::ModelSpec> downloads;
    std::vector<std::string> deleted;
    std::vector<std::string> tokens;  ///< Authorization of each order
};

/// The side of a pool manager that orcd calls.
class FakePoolServer {
  public:
    FakePoolServer();
    ~FakePoolServer();
    FakePoolServer(const FakePoolServer&) = delete;
    FakePoolServer& operator=(const FakePoolServer&) = delete;

    [[nodiscard]] std::string url() const;

    /// Refuses every order with that from now on.
    void refuse(std::optional<contracts::Problem> problem);

    [[nodiscard]] Orders orders() const;
    [[nodiscard]] bool wait_until(const std::function<bool(const Orders&)>& is_so);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace rbees::orcd
