#pragma once
/// @file
/// A real rbees-orcd in a home of its own, with the pool managers and workers of a test around it.

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conversation.hpp"
#include "fake_server.hpp"
#include "rbees/process/process.hpp"

namespace rbees::orcd {

/// A folder that goes with the object.
class TestFolder {
  public:
    TestFolder();
    ~TestFolder();
    TestFolder(const TestFolder&) = delete;
    TestFolder& operator=(const TestFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// The process. Ended (at the latest) with the object.
class OrcdProcess {
  public:
    /// Starts it; `variables` are configuration, as RBEES_QUEUE_CAPACITY. `wrapper` is a program with arguments that
    /// becomes it, if there is one.
    OrcdProcess(std::filesystem::path home, const std::map<std::string, std::string>& variables,
                const std::string& listen = "127.0.0.1:0", std::vector<std::string> wrapper = {});
    ~OrcdProcess();
    OrcdProcess(const OrcdProcess&) = delete;
    OrcdProcess& operator=(const OrcdProcess&) = delete;

    /// Waits until it listens. False if it ended instead.
    bool wait_until_ready();
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string token(const std::string& name) const;
    [[nodiscard]] std::string log() const;
    /// Waits until its log says that. False if it ended instead.
    bool wait_for_log(std::string_view text);

    void terminate();
    void kill();
    /// Waits for its end.
    process::ExitStatus wait_for_end();

    /// Asks it with the admin token.
    Answer ask(std::string_view method, std::string_view target, std::string_view body = {}) const;
    /// Asks again and again, for 30 s at most, until the answer's body has that text.
    bool wait_for_answer(std::string_view target, std::string_view text) const;
    /// A chat for the model, under way.
    [[nodiscard]] std::unique_ptr<Conversation> chat(const std::string& model) const;

  private:
    std::filesystem::path home_;
    std::optional<process::Process> process_;
    std::uint16_t port_ = 0;
};

/// A pool manager; `status` is what it says at the next report.
class FakePool {
  public:
    explicit FakePool(std::string name) : name_(std::move(name)) {}

    /// Registers with that orcd. Returns the HTTP status.
    int registers(const OrcdProcess& orcd);
    int reports();
    /// Keeps a heartbeat open, as pool managers do.
    void holds_a_heartbeat();
    void disconnects() { held_.reset(); }

    void has_model(const std::string& model);
    void has_free_memory(Bytes free) { status_.devices.at(0).memory_free = free; }
    /// Adds "cuda:0", "cuda:1", ...
    void has_gpu(Bytes free, std::optional<std::string> unusable = std::nullopt);
    /// Makes the worker part of the next report, in place of what was said of it.
    void has_worker(const contracts::WorkerReport& report);
    void lost_worker(const std::string& id);

    FakePoolServer server;

  private:
    [[nodiscard]] std::string heartbeat(std::uint32_t hold_ms);
    [[nodiscard]] std::string heartbeat_target() const { return "/v2/nodes/" + name_ + "/heartbeat"; }

    std::string name_;
    std::uint16_t port_ = 0;
    std::string token_;
    std::string orchestrator_;
    contracts::NodeStatus status_;
    std::unique_ptr<Conversation> held_;
};

/// What most tests need: orcd, one pool manager "here" with the model smollm2 on disk.
class House {
  public:
    explicit House(const std::map<std::string, std::string>& variables = {});

    /// A ready worker that orcd routes to.
    FakeWorker& worker(const std::string& id, Manner manner, std::uint32_t slots = 1);

    /// Waits until the spawn order number `count` has come, and makes a ready worker of it.
    FakeWorker& spawned_worker(std::size_t count, Manner manner, std::uint32_t slots = 1);

    TestFolder folder;
    OrcdProcess orcd;
    FakePool pool{"here"};
    std::vector<std::unique_ptr<FakeWorker>> workers;
};

}  // namespace rbees::orcd
