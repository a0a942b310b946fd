/// `rbees models pull` and `load` against a rbees-orcd that says what the test wants.

#include <gmock/gmock.h>

#include "orcd_test.hpp"

namespace rbees::ctl {
namespace {

using testing::HasSubstr;

class PullTest : public OrcdTest {};

TEST_F(PullTest, PullFollowsTheDownloadToItsEnd) {
    int looks = 0;
    orcd.on("POST /v2/models/m/download", 202, model("m", R"("on_disk":false,"is_default":false)"));
    orcd.on("GET /v2/models/m", [&](const net::Request&) {
        const auto running =
            R"("on_disk":false,"is_default":false,"download":{"model":"m","state":"running","done":50,)"
            R"("total":100,"phase":"downloading"})";
        const auto done = R"("size":100,"on_disk":true,"is_default":false)";
        return net::Response{200, {}, model("m", ++looks < 3 ? running : done)};
    });

    const auto ran = run({"models", "pull", "m"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_EQ(ran.out, "m is on disk (100 B)\n");
    EXPECT_THAT(ran.err, HasSubstr("50 %"));
    EXPECT_EQ(looks, 3);
}

TEST_F(PullTest, AModelThatIsDamagedIsListedWithWhatToDo) {
    const auto damaged =
        R"("on_disk":false,"is_default":false,"download":{"model":"bees-1","state":"failed","done":0,"total":9,)"
        R"("phase":"damaged","reason":"its file is missing; rbees models pull hf:o/bees"})";
    orcd.on("GET /v2/models", 200, "[" + model("bees-1", damaged) + "]");

    const auto ran = run({"models", "list"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, testing::ContainsRegex("bees-1 +chat +- +damaged"));
    EXPECT_THAT(ran.err, HasSubstr("bees-1 is damaged: its file is missing; rbees models pull hf:o/bees"));
}

TEST_F(PullTest, ALoadingThatEndedBeforeAnybodySawItsWorkerSaysWhy) {
    const auto failed =
        R"("on_disk":true,"is_default":false,"load_failure":{"code":"WORKER_START_FAILED","detail":"model m could not )"
        R"(be loaded: killed by signal 9","hint":"free some memory","age_ms":0})";
    orcd.on("POST /v2/models/m/load", 202, model("m", R"("on_disk":true,"is_default":false)"));
    orcd.on("GET /v2/workers", 200, "[]");
    orcd.on("GET /v2/models/m", 200, model("m", failed));

    const auto ran = run({"models", "load", "m"});

    EXPECT_EQ(ran.exit, 5);
    EXPECT_THAT(ran.err, HasSubstr("model m could not be loaded: killed by signal 9\nhint: free some memory"));
}

TEST_F(PullTest, ADownloadThatFailsIsAFailedJobWithItsReason) {
    int looks = 0;
    orcd.on("POST /v2/models/m/download", 202, model("m", R"("on_disk":false,"is_default":false)"));
    orcd.on("GET /v2/models/m", [&](const net::Request&) {
        const std::string state = ++looks < 2 ? "running" : "failed";
        return net::Response{200,
                             {},
                             model("m", R"("on_disk":false,"is_default":false,"download":{"model":"m","state":")" +
                                            state + R"(","done":1,"phase":"x","reason":"wrong hash"})")};
    });

    const auto ran = run({"models", "pull", "m"});

    EXPECT_EQ(ran.exit, 5);
    EXPECT_THAT(ran.err, HasSubstr("wrong hash"));
}

TEST_F(PullTest, TheTimeLimitEndsTheLookingAndSaysThatTheWorkGoesOn) {
    const auto body = model("m", R"("on_disk":false,"is_default":false,"download":{"model":"m","state":"running",)"
                                 R"("done":1,"phase":"x"})");
    orcd.on("POST /v2/models/m/download", 202, body);
    orcd.on("GET /v2/models/m", 200, body);

    const auto ran = run({"models", "pull", "m", "--timeout", "300ms"});

    EXPECT_EQ(ran.exit, 8);
    EXPECT_THAT(ran.err, HasSubstr("the download of m goes on"));
    EXPECT_THAT(ran.err, HasSubstr("stop it with: rbees models rm m"));
}

TEST_F(PullTest, PullWaitsForAFileThatIsHereAndReadAgain) {
    int looks = 0;
    const auto reading = R"("on_disk":true,"is_default":false,"download":{"model":"m","state":"running","done":50,)"
                         R"("total":100,"phase":"verifying"})";
    orcd.on("POST /v2/models/m/download", 202, model("m", reading));
    orcd.on("GET /v2/models/m", [&](const net::Request&) {
        return net::Response{200, {}, model("m", ++looks < 3 ? reading : R"("on_disk":true,"is_default":false)")};
    });

    const auto ran = run({"models", "pull", "--verify", "m"});

    EXPECT_EQ(ran.exit, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("every byte"));
    EXPECT_EQ(looks, 3);
    EXPECT_THAT(orcd.requests().front().body, HasSubstr(R"("verify":true)"));
}

TEST_F(PullTest, PullSaysThatSomebodyStoppedTheDownload) {
    int looks = 0;
    const auto body = [](const std::string& state) {
        return model("m", R"("on_disk":false,"is_default":false,"download":{"model":"m","state":")" + state +
                              R"(","done":1,"phase":"x"})");
    };
    orcd.on("POST /v2/models/m/download", 202, body("running"));
    orcd.on("GET /v2/models/m",
            [&](const net::Request&) { return net::Response{200, {}, body(++looks < 2 ? "running" : "cancelled")}; });

    const auto ran = run({"models", "pull", "m"});

    EXPECT_EQ(ran.exit, 5);
    EXPECT_THAT(ran.err, HasSubstr("it was stopped"));
}

}  // namespace
}  // namespace rbees::ctl
