#pragma once
/// @file
/// What the tests of durable tasks share: a house with a worker that runs them, and words for what they ask of it.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "house.hpp"
#include "rbees/contracts/task_views.hpp"
#include "rbees/net/sse.hpp"
#include "rbees/reflect/read.hpp"
#include "task_worker.hpp"

namespace rbees::orcd {

/// A task for the model that every house has.
inline constexpr std::string_view hello = R"({"model":"smollm2","prompt":"hello","max_tokens":8})";

/// The stored events of a stream, without metrics and comments.
inline std::vector<net::SseEvent> events_of(std::string_view body) {
    net::SseParser parser;
    auto events = parser.feed(body).value();
    std::erase_if(events, [](const auto& event) { return event.event == "metrics"; });
    return events;
}

inline std::vector<std::string> names_of(const std::vector<net::SseEvent>& events) {
    std::vector<std::string> names;
    for (const auto& event : events) {
        names.push_back(event.event);
    }
    return names;
}

/// "N" to "M", as ids of events.
inline std::vector<std::optional<std::string>> ids_between(std::size_t first, std::size_t last) {
    std::vector<std::optional<std::string>> ids;
    for (auto id = first; id <= last; ++id) {
        ids.emplace_back(std::to_string(id));
    }
    return ids;
}

inline std::vector<std::optional<std::string>> ids_of(const std::vector<net::SseEvent>& events) {
    std::vector<std::optional<std::string>> ids;
    for (const auto& event : events) {
        ids.push_back(event.id);
    }
    return ids;
}

/// The text that tokens carry.
inline std::string text_of(const std::vector<net::SseEvent>& events) {
    std::string text;
    for (const auto& event : events) {
        if (event.event == "token") text += reflect::parse_json(event.data).value().at("t").as_string();
    }
    return text;
}

/// A house for tests of tasks; its one worker is made when a test wants it.
class Tasks : public testing::Test {
  protected:
    explicit Tasks(const std::map<std::string, std::string>& variables = {}) : house(variables) {}

    TaskWorker& worker(std::vector<std::string> script = {"Hel", "lo", "!"}, std::uint32_t slots = 4) {
        auto& made = *workers.emplace_back(std::make_unique<TaskWorker>("one", std::move(script)));
        announce(made, slots);
        return made;
    }

    /// One that tells no more tokens than these, from its first task on.
    TaskWorker& worker_that_tells(std::size_t tokens) {
        auto& made =
            *workers.emplace_back(std::make_unique<TaskWorker>("one", std::vector<std::string>{"Hel", "lo", "!"}));
        made.allow(tokens);
        announce(made, 4);
        return made;
    }

    void announce(const TaskWorker& made, std::uint32_t slots) {
        house.pool.has_worker(made.report("smollm2", slots));
        EXPECT_EQ(house.pool.reports(), 200);
    }

    Answer send(std::string_view body, std::string_view header = {}) const {
        const auto admin = house.orcd.token("admin");
        return ask_once({.port = house.orcd.port(),
                         .method = "POST",
                         .target = "/v2/tasks",
                         .token = admin,
                         .body = body,
                         .header = header});
    }

    /// The id of a task that was accepted.
    std::string submit(std::string_view body = hello) const {
        const auto answer = send(body);
        EXPECT_EQ(answer.status, 202) << answer.body;
        return reflect::from_json_text<contracts::TaskAccepted>(answer.body)
            .value_or(contracts::TaskAccepted{})
            .job_id.str();
    }

    [[nodiscard]] std::unique_ptr<Conversation> follow(const std::string& id, std::string_view header = {}) const {
        const auto admin = house.orcd.token("admin");
        const auto target = "/v2/tasks/" + id + "/events";
        return std::make_unique<Conversation>(
            Asking{.port = house.orcd.port(), .target = target, .token = admin, .header = header});
    }

    contracts::TaskView look_at(const std::string& id) const {
        const auto answer = house.orcd.ask("GET", "/v2/tasks/" + id);
        EXPECT_EQ(answer.status, 200) << answer.body;
        return reflect::from_json_text<contracts::TaskView>(answer.body).value_or(contracts::TaskView{});
    }

    contracts::TaskPage list(const std::string& query) const {
        const auto answer = house.orcd.ask("GET", "/v2/tasks" + query);
        EXPECT_EQ(answer.status, 200) << answer.body;
        return reflect::from_json_text<contracts::TaskPage>(answer.body).value_or(contracts::TaskPage{});
    }

    static std::vector<std::string> ids_in(const contracts::TaskPage& page) {
        std::vector<std::string> ids;
        for (const auto& task : page.tasks) {
            ids.push_back(task.id.str());
        }
        return ids;
    }

    House house;
    std::vector<std::unique_ptr<TaskWorker>> workers;
};

}  // namespace rbees::orcd
