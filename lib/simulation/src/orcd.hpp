#pragma once
/// @file
/// rbees-orcd: the real control over a simulated world. What it says to the outside is checked against the disk on its
/// way out.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "channel.hpp"
#include "disk.hpp"
#include "orcd_ports.hpp"
#include "pool_node.hpp"
#include "rbees/control/demand.hpp"
#include "rbees/control/fleet_control.hpp"
#include "rbees/control/job_control.hpp"
#include "rbees/control/session_control.hpp"
#include "stage.hpp"

namespace rbees::simulation {

/// What a reader gets over its connection: frames, or why there are none.
using Piece = std::expected<control::FramePiece, contracts::Problem>;
using PieceChannel = Channel<Piece>;

using SubmitAnswer = std::expected<std::string, contracts::Problem>;
using CancelAnswer = std::expected<orchestrator::Job, contracts::Problem>;
using SessionAnswer = std::expected<orchestrator::Session, contracts::Problem>;
using CloseAnswer = std::expected<void, contracts::Problem>;
using ChatAnswer = std::expected<void, contracts::Problem>;

class Orcd : public NodeRoutes {
  public:
    Orcd(Stage& stage, Directory& directory);
    ~Orcd() override { die(); }

    [[nodiscard]] Process& process() override { return process_; }
    [[nodiscard]] Disk& disk() { return disk_; }

    /// Recovers from the disk, and runs.
    void start();

    /// At this moment; what it had begun to write may be on disk.
    void die();

    void set_clock(std::chrono::milliseconds offset) { clockwork_.wall_offset += offset; }

    // Its routes.
    void register_node(const contracts::NodeRegistration& registration,
                       std::function<void(RegisterAnswer)> answer) override;
    void heartbeat(Process& node, const NodeId& id, const contracts::Heartbeat& heartbeat,
                   std::function<void(HeartbeatAnswer)> answer) override;
    void submit(control::Submission submission, std::function<void(SubmitAnswer)> answer);
    void cancel(const JobId& job, std::function<void(CancelAnswer)> answer);
    [[nodiscard]] std::shared_ptr<PieceChannel> watch(Process& reader, const JobId& job, std::uint64_t after);
    void open_session(const orchestrator::SessionKey& key, std::optional<Tokens> budget,
                      std::function<void(SessionAnswer)> answer);
    void close_session(const orchestrator::SessionKey& key, control::LiveTasks fate,
                       std::function<void(CloseAnswer)> answer);
    void chat(const ModelId& model, const TokenId& owner, const PlannedAnswer& what,
              std::function<void(ChatAnswer)> answer);

    /// What somebody does by hand.
    void keep_workers();
    void stop_a_worker(std::uint32_t which);

    /// What attempts said before they were over comes once more.
    void hear_late_commands();

    /// What still holds something, in words; nothing if all is at rest.
    [[nodiscard]] std::optional<std::string> unrest() const;

  private:
    /// A request as /v1 has it, while it is here.
    struct Chat {
        ModelId model;
        TokenId owner;
        PlannedAnswer what;
        std::function<void(ChatAnswer)> answer;
        std::optional<orchestrator::Ticket> ticket;
        std::set<WorkerId> avoid;
        bool waits = false;
    };

    /// A reader of a stream, while it is connected.
    struct Reader {
        JobId job;
        std::uint64_t after = 0;
        PieceChannel::Sender sender;
    };

    /// One life: what dies with the process. Later members go first.
    struct Life {
        Life(Stage& stage, Process& process, Directory& directory, Clockwork& clockwork);

        SimWorld world;
        SimPools pools;
        SimWorkers workers;
        control::Policy policy;
        std::unique_ptr<control::FleetControl> fleet;
        std::unique_ptr<control::Demand> demand;
        std::unique_ptr<control::JobControl> jobs;
        std::unique_ptr<control::SessionControl> sessions;
        std::map<std::uint64_t, Chat> chats;
        std::map<std::uint64_t, Reader> readers;
        std::uint64_t count = 0;
    };

    void try_chat(std::uint64_t id);
    void got_slot(std::uint64_t id, control::SlotAnswer slot);
    void send_chat(std::uint64_t id, orchestrator::Ticket ticket);
    void chat_failed(std::uint64_t id, const control::WorkerRefusal& why);
    void end_chat(std::uint64_t id, ChatAnswer answer);
    void check_slots(const WorkerId& worker);
    void begin_to_read(std::uint64_t id);
    void read_on(std::uint64_t id);
    void give(std::uint64_t id, const Piece& piece);
    void check_shown(const JobId& job, const control::FramePiece& piece);

    Stage& stage_;
    Directory& directory_;
    Process process_;
    Disk disk_;
    Clockwork clockwork_;
    std::unique_ptr<Life> life_;
};

}  // namespace rbees::simulation
