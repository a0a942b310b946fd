#include "executions_fixture.hpp"

#include <functional>
#include <utility>

namespace rbees::workerd {

void Heard::take(const net::SseEvent& event) {
    EXPECT_FALSE(is_over()) << "something came behind the last event";
    if (event.event == "start") {
        EXPECT_TRUE(start || ids.empty()) << "the start came behind a token";
        start = read_event<contracts::ExecutionStart>(event);
    } else if (event.event == "token") {
        const auto token = read_event<contracts::ExecutionToken>(event);
        EXPECT_EQ(token.i, tokens);
        EXPECT_FALSE(token.ids.empty());
        tokens += token.ids.size();
        ids.insert(ids.end(), token.ids.begin(), token.ids.end());
        text += token.t;
    } else if (event.event == "end") {
        end = read_event<contracts::ExecutionEnd>(event);
    } else if (event.event == "error") {
        error = read_event<contracts::ExecutionError>(event);
    } else {
        ADD_FAILURE() << "an event of an unknown kind: " << event.event;
    }
}

void ExecutionsFixture::serve_in_still_time(const std::string& model) {
    start(model);
    wait_until([&] { return get("/capabilities").status == 200; });
}

void ExecutionsFixture::serve_step_by_step(const std::string& slots) {
    serve_in_still_time("sim:tiny?prefill=1000000&decode=1000&slots=" + slots);
    turn = std::chrono::milliseconds(1);
}

void ExecutionsFixture::serve_engine(std::unique_ptr<engine::Engine> engine) {
    const auto held = std::make_shared<std::unique_ptr<engine::Engine>>(std::move(engine));
    start_with(
        [held](const engine::LoadPlan&, const std::function<void(double)>&) -> Loaded { return std::move(*held); },
        settings_for("scripted"));
    wait_until([&] { return get("/capabilities").status == 200; });
}

std::string ExecutionsFixture::undisturbed(const std::string& request) {
    const auto content = at(post("/v1/chat/completions", request).body, "/choices/0/message/content");
    return std::string(content.as_string());
}

void ExecutionsFixture::TearDown() {
    if (!service || has_ended) return;
    for (const auto& [job, attempt] : ordered_)
        cancel(job, attempt);
}

std::string ExecutionsFixture::order_body(const std::string& job, std::uint32_t attempt, const std::string& request,
                                          const std::string& more) {
    return R"({"job_id":")" + job + R"(","attempt":)" + std::to_string(attempt) + R"(,"request":)" + request +
           (more.empty() ? R"(,"operation":"chat")" : more) + "}";
}

std::string ExecutionsFixture::path(const std::string& job, std::uint32_t attempt, const std::string& rest) {
    return "/execute/" + job + "/" + std::to_string(attempt) + rest;
}

net::Response ExecutionsFixture::order(const std::string& job, std::uint32_t attempt, const std::string& request,
                                       const std::string& more) {
    ordered_.emplace_back(job, attempt);
    return post("/execute", order_body(job, attempt, request, more));
}

net::Response ExecutionsFixture::acknowledge(const std::string& job, std::uint32_t attempt, const std::string& body) {
    return post(path(job, attempt, "/ack"), body);
}

ExecutionsFixture::Connection ExecutionsFixture::attach(const std::string& job, std::uint32_t attempt,
                                                        std::optional<std::uint64_t> after) {
    const auto query = after ? "?after=" + std::to_string(*after) : std::string{};
    Connection connection;
    connection.stream = open(request("GET", path(job, attempt, query), "", {}));
    EXPECT_EQ(connection.stream->status(), 200);
    return connection;
}

std::optional<net::SseEvent> ExecutionsFixture::next(Connection& connection) {
    while (connection.events.empty()) {
        const auto piece = await(connection.stream->read());
        connection.is_cut = !piece;
        if (!piece || piece->empty()) return std::nullopt;
        auto events = connection.parser.feed(*piece);
        EXPECT_TRUE(events);
        if (!events) return std::nullopt;
        for (auto& event : *events)
            connection.events.push_back(std::move(event));
    }
    auto event = std::move(connection.events.front());
    connection.events.pop_front();
    return event;
}

Heard ExecutionsFixture::hear(const std::string& job, std::uint32_t attempt, Heard heard) {
    auto connection = attach(job, attempt, heard.last());
    while (const auto event = next(connection))
        heard.take(*event);
    return heard;
}

std::uint32_t ExecutionsFixture::slots_busy() {
    return static_cast<std::uint32_t>(at(get("/health").body, "/slots_busy").to_number<int>());
}

std::string code_of(const net::Response& answer) {
    const auto code = at(answer.body, "/code");
    return code.is_string() ? std::string(code.get_string()) : answer.body;
}

std::string pointer_of(const net::Response& answer) {
    const auto pointer = at(answer.body, "/errors/0/pointer");
    return pointer.is_string() ? std::string(pointer.get_string()) : "";
}

}  // namespace rbees::workerd
