#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "doctor/checks.hpp"
#include "fake_orcd.hpp"
#include "house/kept.hpp"
#include "house/listener.hpp"
#include "house/ports.hpp"
#include "house/preparation.hpp"
#include "house/processes.hpp"
#include "processes_fixture.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/contracts/models.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/pool_core/catalogue.hpp"
#include "rbees/process/spawn.hpp"
#include "rbees/reflect/write.hpp"
#include "support.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;

const ConfigValue default_listen{"127.0.0.1:8080", "default"};

unsigned mode_of(const std::filesystem::path& path) {
    struct stat seen{};
    EXPECT_EQ(::stat(path.c_str(), &seen), 0) << path;
    return seen.st_mode & 0777U;
}

TEST_F(CommandTest, PreparingMakesPrivateFoldersAndTokensOnce) {
    ASSERT_TRUE(prepare_home(home()));
    const auto token = read_file(home().admin_token()).value();

    ASSERT_TRUE(prepare_home(home()));

    EXPECT_THAT(token, testing::MatchesRegex("rbk_[A-Za-z0-9_-]{43}"));
    EXPECT_EQ(read_file(home().admin_token()).value(), token);
    EXPECT_NE(read_file(home().node_token()).value(), token);
    EXPECT_EQ(mode_of(home().admin_token()), 0600U);
    EXPECT_EQ(mode_of(home().node_token()), 0600U);
    EXPECT_EQ(mode_of(home().secrets), 0700U);
    EXPECT_EQ(mode_of(home().state), 0700U);
}

TEST_F(CommandTest, AHomeThatIsAFileIsNamedInTheError) {
    std::ofstream(folder / "plain") << "a file";

    const auto ran = run({"up", "--home", (folder / "plain").native(), "sim:demo"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.err, HasSubstr((folder / "plain").native()));
}

TEST_F(CommandTest, WhatIsKeptIsReadBackAndGarbageIsNothing) {
    ASSERT_TRUE(prepare_home(home()));
    ASSERT_TRUE(write_kept(home(), {.listen = "127.0.0.1:1234", .model = "m"}));
    EXPECT_EQ(read_kept(home()).listen, "127.0.0.1:1234");
    EXPECT_EQ(read_kept(home()).model, "m");

    std::ofstream(home().state / "up.json") << "{";

    EXPECT_EQ(read_kept(home()).listen, std::nullopt);
}

TEST(Listener, PortZeroBecomesAFreePortThatIsKept) {
    const auto choice = choose_listener("127.0.0.1:0", {}, default_listen);

    ASSERT_TRUE(choice);
    EXPECT_THAT(choice->listen, testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]+"));
    EXPECT_EQ(choice->keep, choice->listen);
    EXPECT_EQ(choice->note, "");
}

TEST(Listener, AChosenPortThatIsTakenIsAnErrorThatNamesTheHolder) {
    const FakeOrcd other;
    const auto wanted = "127.0.0.1:" + std::to_string(other.port());

    for (const auto& choice : {choose_listener(wanted, {}, default_listen),
                               choose_listener({}, {.listen = wanted, .model = {}}, default_listen),
                               choose_listener({}, {}, {wanted, "RBEES_LISTEN"})}) {
        ASSERT_FALSE(choice);
        EXPECT_EQ(choice.error().exit, ExitCode::failed);
        EXPECT_EQ(choice.error().code, "PORT_TAKEN");
        EXPECT_THAT(choice.error().message, HasSubstr(wanted));
        EXPECT_THAT(choice.error().message, HasSubstr("process " + std::to_string(::getpid())));
        EXPECT_THAT(choice.error().hint, HasSubstr("--listen 127.0.0.1:0"));
    }
}

TEST(Listener, TheDefaultPortGivesWayToAnotherOneAndSaysSo) {
    const FakeOrcd other;
    const auto wanted = "127.0.0.1:" + std::to_string(other.port());

    const auto choice = choose_listener({}, {}, {wanted, "default"});

    ASSERT_TRUE(choice);
    EXPECT_NE(choice->listen, wanted);
    EXPECT_EQ(choice->keep, choice->listen);
    EXPECT_THAT(choice->note, HasSubstr(wanted));
}

TEST(Listener, AFreeDefaultIsNotKeptSoThatTheOptionStaysInForce) {
    const auto port = free_port("127.0.0.1").value();

    const auto choice = choose_listener({}, {}, {"127.0.0.1:" + std::to_string(port), "default"});

    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->keep, std::nullopt);
}

TEST(Listener, AHostBeyondLoopbackIsRefusedUntilThereIsTls) {
    for (const auto* wish : {"0.0.0.0:8080", "192.168.1.2:8080", "127.0.0.1:0,0.0.0.0:0"}) {
        const auto choice = choose_listener(wish, {}, default_listen);

        ASSERT_FALSE(choice) << wish;
        EXPECT_EQ(choice.error().exit, ExitCode::usage);
        EXPECT_THAT(choice.error().message, HasSubstr("TLS"));
    }
}

TEST(Listener, SeveralAddressesAreSettledOneByOne) {
    const auto choice = choose_listener("127.0.0.1:0,127.0.0.1:0", {}, default_listen);

    ASSERT_TRUE(choice);
    EXPECT_THAT(choice->listen, testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+,127\\.0\\.0\\.1:[0-9]+"));
}

TEST_F(ProcessesTest, AProcessRunsOnlyIfAllOfItsIdentityIsTheSame) {
    const auto own = process::identify(::getpid()).value();
    auto earlier = own;
    earlier.start_time -= 1;
    write(home().orcd_process(), own);
    write(home().pool_process(), earlier);
    std::ofstream(home().supervisor_process()) << "{\"pid\": ";

    const auto processes = find_processes(home());

    ASSERT_EQ(processes.size(), 2U);
    EXPECT_EQ(processes[0].name, "rbees-orcd");
    EXPECT_EQ(processes[0].state, ProcessState::running);
    EXPECT_EQ(processes[1].name, "pool-managerd");
    EXPECT_EQ(processes[1].state, ProcessState::dead);
}

TEST_F(ProcessesTest, StatusSaysThatTheSupervisorIsAtWork) {
    write(home().supervisor_process(), process::identify(::getpid()).value());

    const auto starting = run({"status"});
    std::ofstream(home().state / "rbees-orcd.down") << "rbees-orcd stays down after 5 starts in 10 s; last: x\n";
    const auto given_up = run({"status"});

    EXPECT_EQ(starting.exit, 1);
    EXPECT_EQ(starting.err,
              "error: rbees-orcd is down; the supervisor is starting it again\n"
              "hint: look again in a moment\n");
    EXPECT_EQ(given_up.exit, 1);
    EXPECT_THAT(given_up.err, HasSubstr("last: x\nhint: its log is under " + home().logs.native()));
}

TEST_F(ProcessesTest, StatusShowsThemAndSaysWhenNobodyWatches) {
    write(home().orcd_process(), process::identify(::getpid()).value());

    const auto table = run({"status"});
    const auto json = run({"status", "--json"});

    EXPECT_EQ(table.exit, 0);
    EXPECT_THAT(table.out, testing::ContainsRegex("rbees-orcd +[0-9]+ +running +http://127.0.0.1:5"));
    EXPECT_THAT(table.err, HasSubstr("supervisor is gone"));
    EXPECT_THAT(json.out, HasSubstr(R"("processes":[{"name":"rbees-orcd","pid":)"));
    EXPECT_THAT(json.out, HasSubstr(R"("state":"running","url":"http://127.0.0.1:5"}]})"));
}

TEST_F(ProcessesTest, DownEndsOurProcessesAndLeavesStrangersAlone) {
    auto supervisor = sleeper();
    auto worker = sleeper();
    auto stranger = sleeper();
    auto not_his = stranger.identity();
    not_his.start_time -= 1;
    write(home().supervisor_process(), supervisor.identity());
    write(home().workers() / "w1.json", worker.identity());
    write(home().pool_process(), not_his);

    const auto ran = run({"down", "--timeout", "20s", "--json"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, R"({"stopped":["rbees-supervisor","rbees-workerd"],"killed":[]})"
                       "\n");
    EXPECT_FALSE(supervisor.is_alive());
    EXPECT_FALSE(worker.is_alive());
    EXPECT_TRUE(stranger.is_alive());
    EXPECT_EQ(run({"down"}).exit, 0);
    EXPECT_TRUE(stranger.kill());
}

TEST_F(ProcessesTest, StoppingTheDaemonsLeavesTheWorkers) {
    auto orcd = sleeper();
    auto worker = sleeper();
    write(home().orcd_process(), orcd.identity());
    write(home().workers() / "w1.json", worker.identity());

    EXPECT_EQ(run({"orchestrator", "stop"}).exit, 0);

    EXPECT_FALSE(orcd.is_alive());
    EXPECT_TRUE(worker.is_alive());
    EXPECT_TRUE(worker.kill());
}

TEST_F(ProcessesTest, WhatDoesNotEndByItselfIsKilledAndTold) {
    auto stubborn =
        process::spawn({.program = "bash",
                        .arguments = {"-c", "trap '' TERM; touch \"$0\"; while :; do read -t 60 < <(:) ; done",
                                      (folder / "ready").native()}})
            .value();
    write(home().orcd_process(), stubborn.identity());
    const auto deadline = BootClock::now() + std::chrono::seconds(20);
    while (!std::filesystem::exists(folder / "ready") && BootClock::now() < deadline) {
        ASSERT_FALSE(stubborn.wait_for(std::chrono::milliseconds(20)));
    }

    const auto ran = run({"down", "--timeout", "200ms"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("had to be killed"));
    EXPECT_FALSE(stubborn.is_alive());
    EXPECT_FALSE(std::filesystem::exists(home().orcd_process()));
}

TEST(Doctor, JudgesWhatItReads) {
    EXPECT_EQ(judge_memory("MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\n").verdict, Verdict::good);
    EXPECT_EQ(judge_memory("MemTotal: 8000000 kB\nMemAvailable: 400000 kB\n").verdict, Verdict::doubtful);
    EXPECT_EQ(judge_memory("").verdict, Verdict::doubtful);
    EXPECT_EQ(judge_processor("flags : fpu avx2 sse ").verdict, Verdict::good);
    EXPECT_EQ(judge_processor("flags : fpu sse ").verdict, Verdict::doubtful);
    EXPECT_EQ(judge_open_files(256).verdict, Verdict::doubtful);
}

TEST(Doctor, MarksAndMendsInWords) {
    const Findings findings{{"a", Verdict::good, "fine", {}}, {"b", Verdict::bad, "broken", "mend it"}};

    EXPECT_EQ(render(findings, Colour::off), "✓ fine\n✗ broken\n    fix: mend it\n");
    EXPECT_TRUE(is_any_bad(findings));
}

TEST_F(ProcessesTest, DoctorFindsATokenThatOthersCanRead) {
    EXPECT_EQ(run({"doctor"}).exit, 0) << run({"doctor"}).out;

    std::filesystem::permissions(home().admin_token(), std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);

    const auto ran = run({"doctor"});
    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.out, HasSubstr("chmod 600"));
    EXPECT_THAT(run({"doctor", "--json"}).out, HasSubstr(R"({"id":"secret.admin.token","verdict":"bad")"));
}

TEST_F(ProcessesTest, DoctorComparesModelFilesWithTheirManifests) {
    const std::string content = "a model";
    std::ofstream(home().models / "m.gguf") << content;
    std::ofstream(home().models / "m.json") << R"({"id":"m","file":"m.gguf","size":7,"sha256":")" << sha256_hex(content)
                                            << R"(","kind":"chat","sources":[]})";
    EXPECT_EQ(run({"doctor", "--deep"}).exit, 0);

    std::ofstream(home().models / "m.gguf") << "A model";

    EXPECT_EQ(run({"doctor"}).exit, 0);  // the size is the same
    EXPECT_THAT(run({"doctor", "--deep"}).out, HasSubstr("corrupt"));
    std::filesystem::remove(home().models / "m.gguf");
    EXPECT_THAT(run({"doctor"}).out, HasSubstr("is missing"));
    EXPECT_EQ(run({"doctor"}).exit, 1);
}

TEST_F(ProcessesTest, DoctorNamesTheReferenceOfAModelThatWasFetchedByOne) {
    const auto model = pool::resolve_reference("hf:org/repo::file=bees.gguf").value();
    const auto& id = model.id.str();
    std::ofstream(home().models / (id + ".json"))
        << R"({"id":")" << id << R"(","file":"m.gguf","size":7,"sha256":"aa","kind":"chat","sources":)"
        << reflect::to_json_text(model.sources) << "}";

    EXPECT_THAT(run({"doctor"}).out, HasSubstr("fix: rbees models pull hf:org/repo::file=bees.gguf"));
}

TEST_F(ProcessesTest, DoctorProposesCommandsThatAShellTakesAsTheyAre) {
    const auto spaced = (folder / "it's a home").native();
    variables["RBEES_HOME"] = spaced;
    ASSERT_TRUE(prepare_home(home()));
    std::filesystem::permissions(home().models, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
    std::ofstream(home().models / "my model.json") << "{";
    const auto model = pool::resolve_reference("file:/my models/bees.gguf").value();
    std::ofstream(home().models / (model.id.str() + ".json"))
        << R"({"id":")" << model.id.str() << R"(","file":"m.gguf","size":7,"sha256":"aa","kind":"chat","sources":)"
        << reflect::to_json_text(model.sources) << "}";

    const auto out = run({"doctor"}).out;

    EXPECT_THAT(out, HasSubstr("fix: chmod 700 '" + (folder / R"(it'\''s a home)").native() + "/models'"));
    EXPECT_THAT(out, HasSubstr("/models/my model.json', then rbees models pull 'my model'\n"));
    EXPECT_THAT(out, HasSubstr("fix: rbees models pull 'file:/my models/bees.gguf'\n"));
}

TEST(Doctor, JudgesTheJournalByItsFiles) {
    const std::filesystem::path journal = "/my home/orcd.db";

    const auto good = judge_journal(journal, {.size = mebibytes(2), .unwritable = {}, .was_written = true});
    const auto fresh = judge_journal(journal, {});
    const auto gone = judge_journal(journal, {.size = {}, .unwritable = {}, .was_written = true});
    const auto foreign =
        judge_journal(journal, {.size = mebibytes(2), .unwritable = "/my home/orcd.db-wal", .was_written = true});

    EXPECT_EQ(good.verdict, Verdict::good);
    EXPECT_THAT(good.detail, HasSubstr("`rbees audit verify`"));
    EXPECT_EQ(fresh.verdict, Verdict::doubtful);
    EXPECT_EQ(gone.verdict, Verdict::bad);
    EXPECT_THAT(gone.fix, HasSubstr("rbees backup restore"));
    EXPECT_EQ(foreign.verdict, Verdict::bad);
    EXPECT_THAT(foreign.fix, HasSubstr("chown $USER '/my home/orcd.db-wal'"));
}

TEST_F(ProcessesTest, DoctorLooksAtTheJournalAndChangesNothing) {
    std::ofstream(home().journal()) << "12345";
    std::ofstream(home().journal().native() + "-wal") << "678";

    const auto there = run({"doctor"});
    std::ofstream(home().journal().native() + ".head") << "a record";
    std::filesystem::remove(home().journal());
    const auto gone = run({"doctor"});

    EXPECT_EQ(there.exit, 0);
    EXPECT_THAT(there.out, HasSubstr("✓ journal: 8 B, can be written to"));
    EXPECT_EQ(gone.exit, 1);
    EXPECT_THAT(gone.out, HasSubstr("✗ the journal " + home().journal().native() + " is gone"));
    EXPECT_FALSE(std::filesystem::exists(home().journal()));
}

TEST_F(ProcessesTest, DoctorTellsWhatKeepsRbeesOrcdFromRecording) {
    FakeOrcd orcd;
    make_ready(orcd);
    write(home().orcd_process(), process::identify(::getpid()).value(), orcd.url());
    orcd.on("GET /ready", 200, R"({"ready":true,"reasons":[],"nodes":1,"workers":0})");
    const auto good = run({"doctor"});
    orcd.on(
        "GET /ready", 503,
        R"({"ready":false,"reasons":[],"degraded":["nothing can be recorded, only read: x"],"nodes":1,"workers":0})");

    const auto ran = run({"doctor"});

    EXPECT_THAT(good.out, HasSubstr("✓ rbees-orcd records what it accepts"));
    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.out, HasSubstr("✗ rbees-orcd says: nothing can be recorded, only read: x"));
}

TEST_F(ProcessesTest, DoctorFindsAPortThatSomebodyElseHas) {
    const FakeOrcd other;
    variables["RBEES_LISTEN"] = "127.0.0.1:" + std::to_string(other.port());

    const auto ran = run({"doctor"});

    EXPECT_EQ(ran.exit, 1);
    EXPECT_THAT(ran.out, HasSubstr("is taken by process " + std::to_string(::getpid())));
}

}  // namespace
}  // namespace rbees::ctl
