#pragma once
/// @file
/// The connection to rbees-orcd: registered as long as both live, with one heartbeat open at all times, and changes
/// told at once.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "rbees/base/log.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/net/client.hpp"

namespace rbees::poold {

struct LinkParts {
    net::IoContext& io;
    net::Client& client;
    std::function<std::optional<std::string>()> address;        ///< of orcd; asked before each attempt
    std::function<std::optional<std::string>()> node_token;     ///< asked before each attempt
    std::function<contracts::NodeRegistration()> registration;  ///< as of now, but for `status.sequence`
    std::function<contracts::NodeStatus()> status;              ///< as of now, but for `sequence`
    Logger log;
};

/// Used on the loop's thread. The parts must outlive the loop's last turn.
class OrchestratorLink {
  public:
    explicit OrchestratorLink(LinkParts parts);
    ~OrchestratorLink();
    OrchestratorLink(const OrchestratorLink&) = delete;
    OrchestratorLink& operator=(const OrchestratorLink&) = delete;

    void start();

    /// Tells orcd the whole status now. Calls while one is on its way become one more after it.
    void report();

    /// Whether orcd knows this node now.
    [[nodiscard]] bool is_registered() const;

    /// Registers and reports no more.
    void stop();

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace rbees::poold
