#include "worker_fixture.hpp"

#include "rbees/http_api/answers.hpp"
#include "rbees/net/sse.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::workerd {
namespace {

constexpr const char* secret = "the-spawn-secret";

}  // namespace

FakePoolManager::FakePoolManager(net::IoContext& io)
    : server_(io, {}, [this](net::Exchange& exchange) { return take(exchange); }, http_api::server_error_body(), {}) {
    port_ = server_.listen("127.0.0.1", 0).value();
}

net::Url FakePoolManager::url() const {
    return {.scheme = "http", .host = "127.0.0.1", .port = port_, .target = "/v2/internal/workers/ready"};
}

net::Task<void> FakePoolManager::take(net::Exchange& exchange) {
    const auto& request = std::as_const(exchange).request();
    auto report = reflect::from_json_text<contracts::WorkerReady>(request.body);
    EXPECT_TRUE(report) << request.body;
    if (report) reports.push_back(std::move(*report));
    authorizations.emplace_back(request.headers.find("Authorization").value_or("none"));
    int status = 204;
    if (!statuses.empty()) {
        status = statuses.front();
        statuses.erase(statuses.begin());
    }
    net::Response answer{.status = status, .headers = {}, .body = {}};
    co_await exchange.respond(std::move(answer));
}

WorkerFixture::~WorkerFixture() {
    pace->run_free();
    if (service && !has_ended) {
        service->drain();
        if (!left_at_once) wait_for_end();
    }
}

void WorkerFixture::serve(const std::string& model) {
    pace->run_free();
    start(model);
    wait_until([&] { return !service || get("/capabilities").status == 200; });
}

void WorkerFixture::start(const std::string& model) {
    start_with(simulated(), settings_for(model));
}

void WorkerFixture::start_with(EngineLoader loader, Settings settings) {
    service.emplace(io, std::move(settings), secret,
                    Service::Environs{.loader = std::move(loader),
                                      .leave_at_once = [this](ExitCode code) { left_at_once = code; },
                                      .log = {},
                                      .patience = patience,
                                      .executions = executions});
    has_ended = false;
    const auto listening = service->start();
    ASSERT_TRUE(listening) << listening.error().message;
    port = *listening;
}

Settings WorkerFixture::settings_for(const std::string& model) const {
    Settings settings;
    settings.worker = WorkerId("w-1");
    settings.plan.model_path = model;
    settings.plan.model_name = "tiny";
    if (pool) settings.callback = pool->url();
    return settings;
}

EngineLoader WorkerFixture::simulated() const {
    return [pace = pace](const engine::LoadPlan& plan, const std::function<void(double)>& progress) {
        return engine::load_simulated(plan, progress, pace);
    };
}

net::ClientRequest WorkerFixture::request(const std::string& method, const std::string& path, const std::string& body,
                                          const Headers& headers) const {
    net::ClientRequest request;
    request.method = method;
    request.url = {.scheme = "http", .host = "127.0.0.1", .port = port, .target = path};
    request.headers.set("Authorization", std::string("Bearer ") + secret);
    for (const auto& [name, value] : headers) {
        request.headers.set(name, value);
    }
    request.body = body;
    return request;
}

net::Response WorkerFixture::send(const std::string& method, const std::string& path, const std::string& body,
                                  const Headers& headers) {
    auto answer = await(client.send(request(method, path, body, headers)));
    EXPECT_TRUE(answer) << answer.error().detail;
    return answer ? std::move(*answer) : net::Response{.status = 0, .headers = {}, .body = {}};
}

std::unique_ptr<net::ClientStream> WorkerFixture::open(const std::string& path, const std::string& body,
                                                       const Headers& headers) {
    return open(request("POST", path, body, headers));
}

std::unique_ptr<net::ClientStream> WorkerFixture::open(net::ClientRequest request) {
    auto stream = await(client.open(std::move(request)));
    EXPECT_TRUE(stream) << stream.error().detail;
    return stream ? std::move(*stream) : nullptr;
}

std::string WorkerFixture::read_to_end(net::ClientStream& stream) {
    std::string whole;
    while (true) {
        const auto piece = await(stream.read());
        EXPECT_TRUE(piece) << piece.error().detail;
        if (!piece || piece->empty()) return whole;
        whole += *piece;
    }
}

void WorkerFixture::wait_until(const std::function<bool()>& condition) {
    const auto deadline = BootClock::now() + patience_of_tests;
    while (!condition()) {
        if (BootClock::now() > deadline) {
            ADD_FAILURE() << "waited in vain";
            return;
        }
        note_end();
        if (turn > Duration::zero()) pace->advance(turn);
        io.run_one_for(std::chrono::milliseconds(5));
    }
}

void WorkerFixture::wait_for_end() {
    note_end();
    if (has_ended) return;
    io.run_for(patience_of_tests);
    has_ended = io.stopped();
    EXPECT_TRUE(has_ended) << "the service did not end";
}

/// A loop on which a service listens stops only when the service stops it.
void WorkerFixture::note_end() {
    if (!io.stopped()) return;
    has_ended = service.has_value();
    io.restart();
}

double WorkerFixture::metric(const std::string& name) {
    const auto text = "\n" + get("/metrics").body;
    const auto start = text.find("\n" + name + " ");
    EXPECT_NE(start, std::string::npos) << name << " is not in" << text;
    if (start == std::string::npos) return -1;
    return std::stod(text.substr(start + name.size() + 2));
}

boost::json::value at(const std::string& text, const std::string& pointer) {
    const auto value = reflect::parse_json(text);
    if (!value) return nullptr;
    boost::system::error_code error;
    const auto* found = value->find_pointer(pointer, error);
    return found == nullptr ? boost::json::value() : *found;
}

std::string text_of_stream(const std::string& bytes) {
    std::string text;
    net::SseParser parser;
    const auto events = parser.feed(bytes);
    EXPECT_TRUE(events);
    for (const auto& event : *events) {
        const auto content = at(event.data, "/choices/0/delta/content");
        if (content.is_string()) text += content.get_string();
    }
    return text;
}

std::string chat_body(int max_tokens, bool is_stream) {
    return R"({"messages":[{"role":"user","content":"hello bees"}],"ignore_eos":true,"max_tokens":)" +
           std::to_string(max_tokens) + R"(,"stream":)" + (is_stream ? "true" : "false") + "}";
}

}  // namespace rbees::workerd
