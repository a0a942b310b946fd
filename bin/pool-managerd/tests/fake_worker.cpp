/// @file
/// A worker without an engine, for the tests of the pool manager. What it does stands in its model's name:
/// sim:ok, sim:crash (ends at once), sim:fail (says why, then ends), sim:stuck (never ready), sim:deaf (never ends by
/// itself), sim:unlucky (every port is taken), sim:gpu (computes on a GPU). With `--devices` alone it says what
/// FAKE_DEVICES holds.

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "rbees/contracts/workers.hpp"
#include "rbees/http_api/access.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/net/client.hpp"
#include "rbees/net/server.hpp"
#include "rbees/reflect/write.hpp"

namespace {

using namespace rbees;

struct FakeWorker {
    std::map<std::string, std::string> flags;
    std::string secret;
    net::IoContext io{1};
    net::Client client{io};
    bool is_loaded = false;

    [[nodiscard]] const std::string& flag(const char* name) const { return flags.at(name); }
    [[nodiscard]] bool is(const char* model) const { return flag("--model") == model; }
};

std::string read_secret(int fd) {
    std::array<char, 256> bytes{};
    std::string secret;
    for (ssize_t count = 0; (count = ::read(fd, bytes.data(), bytes.size())) > 0;) {
        secret.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return secret;
}

contracts::WorkerCapabilities capabilities(const FakeWorker& worker) {
    contracts::WorkerCapabilities made;
    made.model = ModelId(worker.flag("--model"));
    made.model_hash = "sim:hash";
    made.context = Tokens(2048);
    made.slots = static_cast<std::uint32_t>(std::stoul(worker.flag("--slots")));
    made.device = worker.is("sim:gpu") ? contracts::DeviceKind::cuda : contracts::DeviceKind::cpu;
    return made;
}

net::Task<void> answer(FakeWorker& worker, net::Exchange& exchange) {
    const auto& request = exchange.request();
    const auto shown = http_api::shown_secret(request);
    net::Response response = http_api::empty_answer(404);
    if (!shown || *shown != worker.secret) {
        response = http_api::problem_answer(http_api::secret_missing(), contracts::ErrorShape::problem, "r");
    } else if (request.path == "/health") {
        response =
            http_api::json_answer(200, contracts::WorkerHealth{.status = worker.is_loaded ? "healthy" : "loading",
                                                               .model = ModelId(worker.flag("--model")),
                                                               .memory = Bytes(1000)});
    } else if (request.path == "/capabilities") {
        response = http_api::json_answer(200, capabilities(worker));
    } else if (request.path == "/shutdown") {
        response = http_api::empty_answer(202);
    }
    const bool ends = request.path == "/shutdown" && response.status == 202 && !worker.is("sim:deaf");
    co_await exchange.respond(std::move(response));
    if (ends) worker.io.stop();
}

net::Task<void> report(FakeWorker& worker, contracts::WorkerReady body) {
    net::ClientRequest request;
    request.method = "POST";
    request.url = *net::parse_url(worker.flag("--callback-url"));
    request.headers.set("Authorization", "Bearer " + worker.secret);
    body.worker_id = WorkerId(worker.flag("--worker-id"));
    request.body = reflect::to_json_text(body);
    const auto told = co_await worker.client.send(std::move(request));
    if (!told) std::fprintf(stderr, "%s\n", told.error().detail.c_str());
}

net::Task<void> load(FakeWorker& worker) {
    contracts::WorkerReady body;
    body.load_progress = 0.5;
    co_await report(worker, body);
    if (worker.is("sim:stuck")) co_return;
    if (worker.is("sim:fail")) {
        body.failure = "the file is truncated";
        body.error_code = "MODEL_LOAD_FAILED";
        co_await report(worker, body);
        std::exit(1);
    }
    worker.is_loaded = true;
    body.ready = true;
    body.capabilities = capabilities(worker);
    body.memory = Bytes(1000);
    co_await report(worker, body);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && argv[1] == std::string_view("--devices")) {
        const auto* devices = std::getenv("FAKE_DEVICES");
        if (devices == nullptr) return 127;
        std::puts(devices);
        return 0;
    }
    FakeWorker worker;
    for (int index = 1; index + 1 < argc; index += 2) {
        worker.flags[argv[index]] = argv[index + 1];
    }
    worker.secret = read_secret(std::stoi(worker.flag("--secret-fd")));
    if (worker.secret.empty()) return 4;
    if (worker.is("sim:crash")) {
        std::fprintf(stderr, "libmissing.so: cannot open shared object file\n");
        return 3;
    }
    if (worker.is("sim:deaf")) std::signal(SIGTERM, SIG_IGN);
    net::Server server(
        worker.io, {}, [&worker](net::Exchange& exchange) { return answer(worker, exchange); },
        http_api::server_error_body(), Logger());
    if (worker.is("sim:unlucky")) return contracts::worker_exit_port_taken;
    const auto port = server.listen("127.0.0.1", static_cast<std::uint16_t>(std::stoi(worker.flag("--port"))));
    if (!port) return net::is_port_taken(port.error()) ? contracts::worker_exit_port_taken : 5;
    boost::asio::co_spawn(worker.io, load(worker), boost::asio::detached);
    worker.io.run();
    return 0;
}
