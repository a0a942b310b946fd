#include "vocabulary.hpp"

#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "house.hpp"
#include "json_path.hpp"
#include "lines.hpp"
#include "rbees/net/client.hpp"
#include "rbees/net/run.hpp"

namespace rbees::bdd {
namespace {

using WorldPtr = std::shared_ptr<World>;

constexpr auto answer_limit = std::chrono::seconds(120);

/// Which token goes with a request: the user's own, none, or this one.
struct Token {
    enum class Kind : std::uint8_t { own, none, given } kind = Kind::own;
    std::string value;
};

struct Ask {
    std::string method;
    std::string path;
    std::string body;
    Token token;
};

/// Sends and waits for the whole answer, streams included.
std::expected<net::Response, std::string> send(net::ClientRequest request) {
    net::IoContext io;
    net::Client client(io);
    request.timeouts = {answer_limit, answer_limit, answer_limit};
    auto answer = net::run(io, client.send(std::move(request)));
    if (!answer) return std::unexpected(answer.error().detail);
    return std::move(*answer);
}

std::expected<std::string, std::string> choose_token(const House& house, const Token& token) {
    if (token.kind != Token::Kind::own) return token.value;
    auto content = read_file(house.token_file);
    if (!content) return std::unexpected(describe(content.error()));
    return std::string(trimmed(*content));
}

Outcome ask(World& world, const Ask& question) {
    const auto house = ask_house(world);
    if (!house) return failed(house.error());
    const auto token = choose_token(*house, question.token);
    if (!token) return failed(token.error());
    const auto path = world.resolve(question.path);
    const auto body = world.resolve(question.body);
    if (!path || !body) return failed(!path ? path.error() : body.error());
    auto url = net::parse_url(house->url + *path);
    if (!url) return failed(fmt::format("no URL: {}{}", house->url, *path));

    net::ClientRequest request{.method = question.method, .url = std::move(*url), .headers = {}, .body = *body};
    if (!token->empty()) request.headers.set("Authorization", "Bearer " + *token);
    if (!body->empty()) request.headers.set("Content-Type", "application/json");
    auto answer = send(std::move(request));
    if (!answer) return failed(answer.error());
    world.set_answer(std::move(*answer));
    return {};
}

std::string quote(const net::Response& answer) {
    return fmt::format("{} {}", answer.status, answer.body);
}

void add_requests(StepTable& steps, const WorldPtr& world) {
    const Token none{Token::Kind::none, {}};
    steps.add("I GET {string}",
              [world](const StepInput& input) { return ask(*world, {"GET", input.values[0], {}, {}}); });
    steps.add("I GET {string} without a token",
              [world, none](const StepInput& input) { return ask(*world, {"GET", input.values[0], {}, none}); });
    steps.add("I GET {string} with the token {string}", [world](const StepInput& input) {
        const auto token = world->resolve(input.values[1]);
        if (!token) return Outcome(failed(token.error()));
        return ask(*world, {"GET", input.values[0], {}, {Token::Kind::given, *token}});
    });
    steps.add("I DELETE {string}",
              [world](const StepInput& input) { return ask(*world, {"DELETE", input.values[0], {}, {}}); });
    steps.add("I POST to {string}:",
              [world](const StepInput& input) { return ask(*world, {"POST", input.values[0], input.text, {}}); });
    steps.add("I POST to {string} without a token:", [world, none](const StepInput& input) {
        return ask(*world, {"POST", input.values[0], input.text, none});
    });
    steps.add("I POST to {string} a prompt of {int} words for {string}", [world](const StepInput& input) {
        std::string prompt;
        for (int word = 0; word < std::stoi(input.values[1]); ++word)
            prompt += "word ";
        auto body = fmt::format(R"({{"model": "{}", "messages": [{{"role": "user", "content": "{}"}}]}})",
                                input.values[2], prompt);
        return ask(*world, {"POST", input.values[0], std::move(body), {}});
    });
}

void add_checks(StepTable& steps, const WorldPtr& world) {
    steps.add("the answer is {int}", [world](const StepInput& input) -> Outcome {
        if (std::to_string(world->answer().status) == input.values[0]) return {};
        return failed("the answer was " + quote(world->answer()));
    });
    steps.add("the answer contains {string}", [world](const StepInput& input) -> Outcome {
        if (world->answer().body.contains(input.values[0])) return {};
        return failed("the answer was " + quote(world->answer()));
    });
    steps.add("the answer ends with {string}", [world](const StepInput& input) -> Outcome {
        if (trimmed(world->answer().body).ends_with(input.values[0])) return {};
        return failed("the answer was " + quote(world->answer()));
    });
    steps.add("the answer has {string}", [world](const StepInput& input) -> Outcome {
        const auto value = json_at(world->answer().body, input.values[0]);
        return value ? Outcome() : failed(value.error());
    });
    steps.add("the answer's {string} is {string}", [world](const StepInput& input) -> Outcome {
        const auto value = json_at(world->answer().body, input.values[0]);
        if (!value) return failed(value.error());
        return *value == input.values[1] ? Outcome() : failed(fmt::format("it is \"{}\"", *value));
    });
    steps.add("the answer's header {string} contains {string}", [world](const StepInput& input) -> Outcome {
        const auto value = world->answer().headers.find(input.values[0]).value_or("");
        return value.contains(input.values[1]) ? Outcome() : failed(fmt::format("it is \"{}\"", value));
    });
    steps.add("I remember the answer's {string} as {string}", [world](const StepInput& input) -> Outcome {
        auto value = json_at(world->answer().body, input.values[0]);
        if (!value) return failed(value.error());
        world->set(input.values[1], std::move(*value));
        return {};
    });
}

}  // namespace

void add_http_steps(StepTable& steps, const WorldPtr& world) {
    add_requests(steps, world);
    add_checks(steps, world);
}

}  // namespace rbees::bdd
