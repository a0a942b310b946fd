#pragma once
/// @file
/// A home whose process files a test writes itself, and a supervisor that is a shell script.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "fake_orcd.hpp"
#include "house/ports.hpp"
#include "house/preparation.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/process/spawn.hpp"
#include "rbees/reflect/write.hpp"
#include "support.hpp"

namespace rbees::ctl {

class ProcessesTest : public CommandTest {
  protected:
    ProcessesTest() {
        EXPECT_TRUE(prepare_home(home()));
        variables["RBEES_LISTEN"] = "127.0.0.1:" + std::to_string(free_port("127.0.0.1").value());
    }

    void write(const std::filesystem::path& file, const process::ProcessIdentity& identity,
               const std::string& url = "http://127.0.0.1:5") const {
        const contracts::ProcessFile content{"x", identity.pid, identity.start_time, identity.boot_id, url};
        EXPECT_TRUE(write_file_atomically(file, reflect::to_json_text(content), FileAccess::owner_only));
    }

    ~ProcessesTest() override { end_supervisor(); }

    /// Starts a supervisor that touches the file `supervisor.told` at each SIGHUP, and does no more.
    void start_idle_supervisor() {
        auto& script = supervisor =
            process::spawn({.program = "bash",
                            .arguments = {"-c",
                                          "trap 'touch \"$0.told\"' HUP; trap 'kill $!; exit 0' TERM; "
                                          "touch \"$0\"; while :; do sleep 300 & wait $!; kill $!; done",
                                          (folder / "supervisor").native()}})
                .value();
        const auto deadline = BootClock::now() + std::chrono::seconds(20);
        while (!std::filesystem::exists(folder / "supervisor") && BootClock::now() < deadline) {
            EXPECT_FALSE(script->wait_for(std::chrono::milliseconds(5)));
        }
        write(home().supervisor_process(), script->identity());
    }

    void end_supervisor() {
        if (!supervisor) return;
        EXPECT_TRUE(supervisor->terminate());
        EXPECT_TRUE(supervisor->wait_for(std::chrono::seconds(20)));
    }

    std::optional<process::Process> supervisor;

    /// What a rbees-orcd says that is ready, with a pool manager.
    static void make_ready(FakeOrcd& orcd) {
        const contracts::NodeView pool{.kind = contracts::NodeKind::pool, .state = contracts::NodeState::ready};
        orcd.on("GET /health", 200, reflect::to_json_text(contracts::Health{.status = "healthy"}));
        orcd.on("GET /v2/nodes", 200, reflect::to_json_text(std::vector{pool}));
        orcd.on("GET /ready", 200, "{}");
    }

    static process::Process sleeper() { return process::spawn({.program = "sleep", .arguments = {"300"}}).value(); }
};

}  // namespace rbees::ctl
