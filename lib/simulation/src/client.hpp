#pragma once
/// @file
/// Clients: they submit until they are answered, read until they have it all, and check what they get.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "orcd.hpp"
#include "stage.hpp"

namespace rbees::simulation {

class Client {
  public:
    Client(Stage& stage, Orcd& orcd, const ClientPlan& plan, std::uint32_t number);

    void start();

    /// Its connection breaks; a reader comes back.
    void disconnect();

    [[nodiscard]] bool is_done() const { return is_done_; }
    [[nodiscard]] const std::string& name() const { return process_.name(); }

    /// What it waits for, in words.
    [[nodiscard]] std::string state() const;

  private:
    void submit();
    void submitted(std::expected<SubmitAnswer, CallFailure> answer);
    void refused(const contracts::Problem& problem);
    void repeat_submission();
    void cancel();
    void watch();
    void came();
    void take(const control::FramePiece& piece);
    void watch_again();
    void chat();
    void open_session();
    void close_session();
    [[nodiscard]] bool repeats_after(const contracts::Problem& problem, const std::function<void()>& what);
    [[nodiscard]] bool is_by_session(const contracts::Problem& problem) const;
    [[nodiscard]] orchestrator::SessionKey session_key() const;
    [[nodiscard]] std::optional<std::string> key() const;
    [[nodiscard]] std::string body() const;

    Stage& stage_;
    Orcd& orcd_;
    const ClientPlan& plan_;
    Process process_;
    Random random_;
    std::optional<std::string> answer_;
    JobId job_;
    std::shared_ptr<PieceChannel> channel_;
    std::uint64_t frames_ = 0;  ///< that it has
    bool has_end_ = false;      ///< the stream's last event
    bool is_done_ = false;
};

}  // namespace rbees::simulation
