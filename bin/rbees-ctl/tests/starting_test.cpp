/// `rbees up` and its relatives: what they start, which rbees-orcd they mean, and how they fail.

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "house/kept.hpp"
#include "processes_fixture.hpp"
#include "rbees/contracts/models.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;

TEST_F(ProcessesTest, UpFailsWithTheSupervisorsLastWordsWhenItDies) {
    std::ofstream(folder / "rbees-orcd") << "#!/bin/sh\necho the cellar is flooded\nexit 1\n";
    std::filesystem::permissions(folder / "rbees-orcd", std::filesystem::perms::owner_all);

    const auto ran = run({"up", "--listen", "127.0.0.1:0", "sim:demo"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("the cellar is flooded"));
    EXPECT_THAT(ran.err, HasSubstr("rbees-supervisor died while it started"));
    EXPECT_EQ(read_kept(home()).model, std::nullopt);  // it was not had, so it is not the default
}

TEST_F(ProcessesTest, UpFailsAtOnceWhenTheSupervisorGivesADaemonUp) {
    std::ofstream(home().state / "rbees-orcd.down") << "of the time before\n";
    std::ofstream(folder / "rbees-orcd") << "#!/bin/sh\n"
                                         << "test -e \"" << (home().state / "rbees-orcd.down").native()
                                         << "\" && exit 0\n"
                                         << "echo out of honey > \"" << (home().logs / "orcd.log").native() << "\"\n"
                                         << "echo given up > \"" << (home().state / "rbees-orcd.down").native()
                                         << "\"\necho $$ > \"" << (folder / "pid").native() << "\"\nexec sleep 60\n";
    std::filesystem::permissions(folder / "rbees-orcd", std::filesystem::perms::owner_all);

    const auto ran = run({"up", "--listen", "127.0.0.1:0", "sim:demo"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("out of honey"));
    EXPECT_THAT(ran.err, HasSubstr("rbees-orcd died while it started"));
    EXPECT_FALSE(process::identify(std::stoi(read_file(folder / "pid").value())));  // nothing is left running
}

TEST_F(ProcessesTest, UpThatIsInterruptedInADownloadSaysThatTheDownloadGoesOn) {
    const auto coming = reflect::to_json_text(contracts::ModelView{
        .id = ModelId("m"), .download = contracts::DownloadReport{.state = contracts::DownloadState::running}});
    FakeOrcd orcd;
    make_ready(orcd);
    orcd.on("POST /v2/models/m/download", 202, coming);
    orcd.on("GET /v2/models/m", [&](const net::Request&) {
        ::kill(::getpid(), SIGINT);
        return net::Response{200, {}, coming};
    });
    start_idle_supervisor();
    write(home().orcd_process(), process::identify(::getpid()).value(), orcd.url());

    const auto ran = run({"up", "m"});

    EXPECT_EQ(ran.exit, 130);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("the download of m goes on; look at it with: rbees models list; "
                                   "stop it with: rbees models rm m\n"));
    EXPECT_EQ(read_kept(home()).model, std::nullopt);  // requests that name none go on with what is there
}

TEST_F(ProcessesTest, UpHasTheSupervisorStartWhatItHadGivenUp) {
    FakeOrcd orcd;
    make_ready(orcd);
    start_idle_supervisor();
    write(home().orcd_process(), process::identify(::getpid()).value(), orcd.url());
    std::ofstream(home().state / "pool-managerd.down") << "pool-managerd stays down\n";

    const auto ran = run({"up", "sim:demo"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    end_supervisor();  // it has heard all that came before
    EXPECT_TRUE(std::filesystem::exists(folder / "supervisor.told"));
    EXPECT_FALSE(std::filesystem::exists(home().state / "pool-managerd.down"));
}

TEST_F(ProcessesTest, UpWithAnotherAddressThanTheRunningOneChangesNothing) {
    start_idle_supervisor();
    write(home().orcd_process(), process::identify(::getpid()).value());
    std::ofstream(home().state / "pool-managerd.down") << "pool-managerd stays down\n";

    const auto ran = run({"up", "--listen", "127.0.0.1:6", "sim:demo"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("already listens on http://127.0.0.1:5\nhint: stop it first: rbees down"));
    EXPECT_TRUE(std::filesystem::exists(home().state / "pool-managerd.down"));
}

TEST_F(ProcessesTest, CommandsAboutTheHomeDoNotGoWhereTheVariablesPoint) {
    FakeOrcd own;
    make_ready(own);
    start_idle_supervisor();
    write(home().orcd_process(), process::identify(::getpid()).value(), own.url());
    const FakeOrcd other;
    variables["RBEES_URL"] = other.url() + "/";
    variables["RBEES_TOKEN"] = "rbk_of_the_other";

    const auto up = run({"up", "sim:demo", "--json"});
    const auto status = run({"status", "--json"});
    const auto start = run({"orchestrator", "start", "--json"});

    for (const auto& ran : {up, status, start}) {
        EXPECT_EQ(ran.exit, 0) << ran.err;
        EXPECT_THAT(ran.out, HasSubstr("\"url\":\"" + own.url() + "\""));
        EXPECT_THAT(ran.err, HasSubstr("RBEES_URL is " + other.url() + ", so other commands ask that one"));
    }
    EXPECT_TRUE(other.requests().empty());
    for (const auto& request : own.requests()) {
        EXPECT_EQ(request.headers.find("Authorization").value_or("none"),
                  "Bearer " + read_first_line(home().admin_token()).value())
            << request.target;
    }
}

TEST_F(ProcessesTest, AnAddressForACommandAboutTheHomeIsAMistake) {
    for (const auto* command : {"up", "down", "status", "doctor"}) {
        const auto ran = run({command, "--url", "http://127.0.0.1:1"});

        EXPECT_EQ(ran.exit, 2) << command;
        EXPECT_THAT(ran.err, HasSubstr("--url names another rbees-orcd")) << command;
    }
}

TEST_F(ProcessesTest, UpSaysWhichProgramIsMissing) {
    const auto ran = run({"up", "--listen", "127.0.0.1:0", "sim:demo"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr("rbees-orcd"));
}

}  // namespace
}  // namespace rbees::ctl
