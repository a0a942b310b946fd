/// The streams of durable tasks through a real rbees-orcd: followed, resumed, left, broken off.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "rbees/base/files.hpp"
#include "task_house.hpp"

namespace rbees::orcd {
namespace {

using process::ExitStatus;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(Tasks, EventsComeWhileTheWorkerStillWorks) {
    auto& teller = worker();
    teller.allow(1);

    const auto stream = follow(submit());

    EXPECT_TRUE(stream->wait_for("\"t\":\"Hel\""));
    EXPECT_THAT(stream->received(), Not(HasSubstr("event: end")));
    teller.allow(9);
    EXPECT_TRUE(stream->wait_for("event: end"));
    EXPECT_EQ(stream->status(), 200);
    EXPECT_THAT(stream->received(), HasSubstr("Content-Type: text/event-stream"));
    EXPECT_THAT(stream->received(), HasSubstr("\r\n\r\nretry: 1000\n\n"));
}

TEST_F(Tasks, AStreamGoesOnBehindAnyOfItsEvents) {
    worker();
    const auto id = submit();
    const auto whole = events_of(follow(id)->body());
    const auto last = whole.size();
    EXPECT_EQ(ids_of(whole), ids_between(1, last));

    for (std::size_t after = 0; after < last; ++after) {
        const auto header = "Last-Event-ID: " + std::to_string(after);
        const auto rest = events_of(follow(id, header)->body());
        const auto queried = house.orcd.ask("GET", "/v2/tasks/" + id + "/events?after=" + std::to_string(after));

        EXPECT_EQ(rest, std::vector(whole.begin() + static_cast<std::ptrdiff_t>(after), whole.end())) << after;
        EXPECT_EQ(events_of(queried.body), rest) << after;
    }
}

TEST_F(Tasks, AStreamThatWasReadToItsEndHasNoContentAndUnknownIdsAreRefused) {
    worker();
    const auto id = submit();
    const auto last = events_of(follow(id)->body()).size();

    EXPECT_EQ(follow(id, "Last-Event-ID: " + std::to_string(last))->status(), 204);
    EXPECT_EQ(follow(id, "Last-Event-ID: " + std::to_string(last + 1))->status(), 400);
    EXPECT_EQ(follow(id, "Last-Event-ID: x")->status(), 400);
    EXPECT_EQ(house.orcd.ask("HEAD", "/v2/tasks/" + id + "/events").status, 200);
}

TEST_F(Tasks, AStreamOfALiveTaskRefusesEventsThatAreStillToCome) {
    worker_that_tells(0);
    const auto id = submit();

    const auto refused = follow(id, "Last-Event-ID: 99");

    EXPECT_EQ(refused->status(), 400);
    EXPECT_THAT(refused->body(), HasSubstr("INVALID_PARAMS"));
}

TEST_F(Tasks, ThatWaitTellTheirPlace) {
    const auto first = submit();
    const auto second = submit();

    const auto stream = follow(second);

    EXPECT_TRUE(stream->wait_for("event: metrics\ndata: {\"queue_position\":1}\n\n"));
    EXPECT_EQ(look_at(second).queue_position, 1U);
    EXPECT_THAT(ids_in(list("?status=live")), ElementsAre(second, first));
}

TEST_F(Tasks, ThatRunTellTheirPace) {
    worker_that_tells(2);

    const auto stream = follow(submit());

    EXPECT_TRUE(stream->wait_for("event: metrics\ndata: {\"tokens\":2,\"tokens_per_second\":"));
}

TEST_F(Tasks, AReaderThatDoesNotReadHoldsNobodyUp) {
    const std::string word(8'000, 'x');
    worker(std::vector<std::string>(1'000, word));
    const auto id = submit();
    const auto slow = follow(id);
    ASSERT_TRUE(slow->wait_for("event: queued"));

    const auto meanwhile = events_of(follow(id)->body());
    EXPECT_TRUE(house.orcd.wait_for_answer("/v2/tasks?status=completed", id));

    const auto events = events_of(slow->body());
    for (const auto& seen : {meanwhile, events}) {
        EXPECT_EQ(ids_of(seen), ids_between(1, seen.size()));
        EXPECT_EQ(text_of(seen).size(), 1'000 * word.size());
    }
}

TEST_F(Tasks, AClientThatLeavesItsStreamIsForgotten) {
    const auto stream = follow(submit());
    ASSERT_TRUE(stream->wait_for("event: queued"));

    stream->leave();

    EXPECT_TRUE(house.orcd.wait_for_answer("/metrics", R"(operation="task_events",status="0")"));
}

class TasksOfAnEnding : public Tasks {
  protected:
    TasksOfAnEnding() : Tasks({{"RBEES_SHUTDOWN_GRACE", "10m"}}) {}
};

TEST_F(TasksOfAnEnding, TheirStreamsEndWithoutATerminalEventWhenTheProcessStops) {
    const auto stream = follow(submit());
    ASSERT_TRUE(stream->wait_for("event: queued"));

    house.orcd.terminate();

    EXPECT_EQ(house.orcd.wait_for_end(), (ExitStatus{ExitStatus::Kind::exited, 0}));
    EXPECT_THAT(names_of(events_of(stream->body())), ElementsAre("queued"));
}

/// A process that ends still sends what it has taken for its readers, and takes nothing more.
TEST_F(TasksOfAnEnding, AReaderThatDidNotReadGetsNoMoreThanWasInItsBuffers) {
    const std::string word(8'000, 'x');
    auto& teller = worker(std::vector<std::string>(1'000, word));
    const auto id = submit();
    const auto slow = follow(id);
    ASSERT_TRUE(slow->wait_for("event: queued"));
    ASSERT_TRUE(house.orcd.wait_for_answer("/v2/tasks?status=completed", id));
    teller.allow(0);
    const auto sign = follow(submit());
    ASSERT_TRUE(sign->wait_for("event: queued"));

    house.orcd.terminate();
    sign->body();

    const auto events = events_of(slow->body());
    EXPECT_EQ(ids_of(events), ids_between(1, events.size()));
    EXPECT_LT(text_of(events).size(), 500 * word.size());
    EXPECT_THAT(names_of(events), Not(Contains("end")));
    EXPECT_EQ(house.orcd.wait_for_end(), (ExitStatus{ExitStatus::Kind::exited, 0}));
}

/// The process is killed without warning, and another one takes its place.
class TasksAfterADeath : public Tasks {
  protected:
    /// A new process of the same home; the node comes back to it with its worker.
    OrcdProcess& restart(const std::map<std::string, std::string>& variables = {}) {
        house.orcd.kill();
        return start_again(variables);
    }

    OrcdProcess& start_again(const std::map<std::string, std::string>& variables = {}) {
        second.emplace(house.folder.path(), variables);
        EXPECT_TRUE(second->wait_until_ready());
        EXPECT_EQ(house.pool.registers(*second), 200);
        return *second;
    }

    std::optional<OrcdProcess> second;
};

TEST_F(TasksAfterADeath, TheirStreamsGoOnWhereTheyBrokeOff) {
    auto& teller = worker({"a", "b", "c", "d", "e"});
    teller.allow(1);
    const auto id = submit();
    const auto before = follow(id);
    ASSERT_TRUE(before->wait_for("\"t\":\"a\""));
    auto& orcd = restart();
    const auto seen = events_of(before->body());

    const auto admin = orcd.token("admin");
    const auto target = "/v2/tasks/" + id + "/events";
    const auto header = "Last-Event-ID: " + seen.back().id.value();
    Conversation after(Asking{.port = orcd.port(), .target = target, .token = admin, .header = header});
    teller.allow(9);
    const auto rest = events_of(after.body());

    EXPECT_EQ(rest.front().id, std::to_string(seen.size() + 1));
    EXPECT_EQ(rest.back().event, "end");
    EXPECT_EQ(text_of(seen) + text_of(rest), "abcde");
    EXPECT_THAT(orcd.ask("GET", "/v2/tasks/" + id).body, HasSubstr(R"("output":"abcde")"));
}

TEST_F(TasksAfterADeath, TextWhoseRetentionPassedIsGone) {
    worker();
    const auto id = submit();
    follow(id)->body();

    auto& orcd = restart({{"RBEES_TASKS_RETAIN", "1ms"}});

    EXPECT_TRUE(orcd.wait_for_answer("/v2/tasks/" + id, "\"erased\":true"));
    const auto stream = orcd.ask("GET", "/v2/tasks/" + id + "/events");
    EXPECT_EQ(stream.status, 410);
    EXPECT_THAT(stream.body, HasSubstr("GONE"));
    const auto view = orcd.ask("GET", "/v2/tasks/" + id);
    EXPECT_THAT(view.body, Not(HasSubstr("\"output\"")));
    EXPECT_THAT(view.body, HasSubstr("\"status\":\"completed\""));
}

/// Changes every `from` in a journal that nobody has open. They must be equally long.
void tamper(const std::filesystem::path& journal, std::string_view from, std::string_view to) {
    auto bytes = read_file(journal, mebibytes(64)).value();
    ASSERT_NE(bytes.find(from), std::string::npos);
    for (auto at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at)) {
        bytes.replace(at, from.size(), to);
    }
    ASSERT_TRUE(write_file_atomically(journal, bytes, FileAccess::owner_only));
}

TEST_F(TasksAfterADeath, DamagedTextIsToldForGoodAndHowTheTaskEndedStaysReadable) {
    worker({"Zanzibar"});
    const auto id = submit();
    follow(id)->body();
    house.orcd.terminate();
    house.orcd.wait_for_end();
    tamper(house.folder.path() / "state/orcd.db", "Zanzibar", "Zanzibor");

    auto& orcd = start_again();

    const auto stream = orcd.ask("GET", "/v2/tasks/" + id + "/events");
    EXPECT_EQ(stream.status, 500);
    EXPECT_THAT(stream.body, HasSubstr(R"("code":"STORAGE_DAMAGED")"));
    EXPECT_THAT(stream.body, HasSubstr(R"("retriable":false)"));
    EXPECT_THAT(stream.body, AllOf(HasSubstr("rbees audit verify"), HasSubstr("rbees backup restore")));
    const auto view = orcd.ask("GET", "/v2/tasks/" + id);
    EXPECT_EQ(view.status, 200);
    EXPECT_THAT(view.body, HasSubstr(R"("status":"completed")"));
    EXPECT_THAT(view.body, HasSubstr(R"("damaged":"payload job/)"));
    EXPECT_THAT(view.body, Not(HasSubstr("\"output\"")));
}

}  // namespace
}  // namespace rbees::orcd
