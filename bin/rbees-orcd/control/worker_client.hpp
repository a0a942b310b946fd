#pragma once
/// @file
/// orcd's calls to workers for durable jobs. Runs on the control thread; each call is one coroutine with a deadline.

#include <memory>
#include <optional>
#include <string>

#include "rbees/control/worker_port.hpp"
#include "rbees/net/client.hpp"

namespace rbees::orcd {

/// The lease that a worker tells, within what can be meant: 1 s, the least that can be configured, to 7 days. Renewals
/// follow from it, and one of no time would never cease.
[[nodiscard]] Duration lease_of(const contracts::Acknowledged& said);

class WorkerClient : public control::WorkerPort {
  public:
    explicit WorkerClient(net::IoContext& io);

    void execute(control::WorkerAddress worker, contracts::Execute order, control::WorkerReply reply) override;
    [[nodiscard]] std::unique_ptr<control::Attachment> attach(control::WorkerAddress worker, control::AttemptKey key,
                                                              std::optional<std::uint64_t> after,
                                                              control::OnEvent on_event) override;
    void acknowledge(control::WorkerAddress worker, control::AttemptKey key, contracts::Acknowledge what,
                     control::AckReply reply) override;
    void ask_after(control::WorkerAddress worker, control::WorkerReply reply) override;
    void cancel(control::WorkerAddress worker, control::AttemptKey key) override;

  private:
    class Stream;

    using Answer = std::expected<net::Response, control::WorkerRefusal>;

    /// One request and its whole answer; a status from 300 on is a refusal.
    [[nodiscard]] net::Task<Answer> ask(net::ClientRequest request);

    net::IoContext& io_;
    net::Client client_;
};

}  // namespace rbees::orcd
