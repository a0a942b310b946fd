#pragma once
/// @file
/// A worker of the tests that runs durable tasks: executions that belong to a lease, with tokens as a script has them.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rbees/contracts/executions.hpp"
#include "rbees/contracts/workers.hpp"

namespace rbees::orcd {

/// What it was asked.
struct TaskWorkerLog {
    std::vector<contracts::Execute> orders;
    std::vector<std::string> cancelled;  ///< "JOB/ATTEMPT"
    std::size_t attached = 0;            ///< streams that were ever opened
};

/// Says the same text to every task, token by token, as far as it may.
class TaskWorker {
  public:
    /// May say all of `script` at once, unless `allow` says less.
    TaskWorker(std::string id, std::vector<std::string> script);
    ~TaskWorker();
    TaskWorker(const TaskWorker&) = delete;
    TaskWorker& operator=(const TaskWorker&) = delete;

    /// How its pool manager reports it.
    [[nodiscard]] contracts::WorkerReport report(const std::string& model, std::uint32_t slots) const;

    /// So many tokens of each answer may be said, no more; the end needs one more than there are.
    void allow(std::size_t tokens);

    [[nodiscard]] TaskWorkerLog log() const;
    [[nodiscard]] bool wait_until(const std::function<bool(const TaskWorkerLog&)>& is_so);

  private:
    class Implementation;
    std::string id_;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace rbees::orcd
