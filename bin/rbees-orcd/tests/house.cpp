#include "house.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "rbees/contracts/operations.hpp"
#include "rbees/process/spawn.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::orcd {
namespace {

constexpr std::chrono::seconds patience(30);
constexpr std::chrono::milliseconds pace(5);

std::string text_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

}  // namespace

TestFolder::TestFolder() {
    auto pattern = (std::filesystem::temp_directory_path() / "rbees-orcd-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
}

TestFolder::~TestFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

OrcdProcess::OrcdProcess(std::filesystem::path home, const std::map<std::string, std::string>& variables,
                         const std::string& listen, std::vector<std::string> wrapper)
    : home_(std::move(home)) {
    process::SpawnPlan plan;
    wrapper.insert(wrapper.end(), {RBEES_ORCD_PROGRAM, "--home", home_.string(), "--listen", listen});
    plan.program = wrapper.front();
    plan.arguments.assign(wrapper.begin() + 1, wrapper.end());
    plan.environment["RBEES_THREADS"] = "1";
    plan.environment["RBEES_STORAGE_WATERMARK"] = "1MB";
    plan.environment["RBEES_SHUTDOWN_GRACE"] = "200ms";
    for (const auto& [name, value] : variables) {
        plan.environment[name] = value;
    }
    plan.log_file = home_ / "output.log";
    plan.working_folder = home_;
    auto started = process::spawn(plan);
    if (started) process_ = std::move(*started);
    EXPECT_TRUE(process_.has_value());
}

OrcdProcess::~OrcdProcess() {
    if (!process_ || !process_->is_alive()) return;
    terminate();
    const auto status = wait_for_end();
    EXPECT_EQ(status, (process::ExitStatus{process::ExitStatus::Kind::exited, 0})) << log();
}

bool OrcdProcess::wait_until_ready() {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < limit) {
        const auto file = reflect::from_json_text<contracts::ProcessFile>(text_of(home_ / "state" / "orcd.json"));
        if (file && file->pid == process_->pid() && file->url) {
            port_ = static_cast<std::uint16_t>(std::stoi(file->url->substr(file->url->rfind(':') + 1)));
            return true;
        }
        if (process_->wait_for(pace)) return false;
    }
    ADD_FAILURE() << "rbees-orcd does not get ready: " << log();
    return false;
}

bool OrcdProcess::wait_for_log(std::string_view text) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < limit) {
        if (log().contains(text)) return true;
        if (process_->wait_for(pace)) return log().contains(text);
    }
    ADD_FAILURE() << "the log never says " << text << ": " << log();
    return false;
}

std::string OrcdProcess::token(const std::string& name) const {
    auto text = text_of(home_ / "secrets" / (name + ".token"));
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
}

std::string OrcdProcess::log() const {
    return text_of(home_ / "output.log");
}

void OrcdProcess::terminate() {
    EXPECT_TRUE(process_->terminate());
}

void OrcdProcess::kill() {
    EXPECT_TRUE(process_->kill());
    EXPECT_TRUE(process_->wait_for(patience));
}

process::ExitStatus OrcdProcess::wait_for_end() {
    const auto status = process_->wait_for(patience);
    if (!status) {
        ADD_FAILURE() << "rbees-orcd does not end: " << log();
        kill();
    }
    return status.value_or(process::ExitStatus{});
}

Answer OrcdProcess::ask(std::string_view method, std::string_view target, std::string_view body) const {
    const auto admin = token("admin");
    return ask_once({.port = port_, .method = method, .target = target, .token = admin, .body = body});
}

bool OrcdProcess::wait_for_answer(std::string_view target, std::string_view text) const {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < limit) {
        if (ask("GET", target).body.contains(text)) return true;
    }
    ADD_FAILURE() << target << " never says " << text << " but " << ask("GET", target).body;
    return false;
}

std::unique_ptr<Conversation> OrcdProcess::chat(const std::string& model) const {
    const auto admin = token("admin");
    const auto body = R"({"model":")" + model + R"(","messages":[{"role":"user","content":"hello"}]})";
    return std::make_unique<Conversation>(
        Asking{.port = port_, .method = "POST", .target = "/v1/chat/completions", .token = admin, .body = body});
}

int FakePool::registers(const OrcdProcess& orcd) {
    port_ = orcd.port();
    token_ = orcd.token("node");
    contracts::NodeRegistration registration;
    registration.node_id = NodeId(name_);
    registration.name = name_;
    registration.url = server.url();
    registration.version = "test";
    registration.call_token = "call-token-of-" + name_;
    if (status_.devices.empty()) {
        contracts::Device device;
        device.id = "cpu";
        device.memory_free = mebibytes(64'000);
        status_.devices.push_back(device);
    }
    registration.status = status_;
    const auto body = reflect::to_json_text(registration);
    const auto answer =
        ask_once({.port = port_, .method = "POST", .target = "/v2/nodes/register", .token = token_, .body = body});
    const auto registered = reflect::from_json_text<contracts::NodeRegistered>(answer.body);
    if (registered) orchestrator_ = registered->orchestrator;
    return answer.status;
}

std::string FakePool::heartbeat(std::uint32_t hold_ms) {
    ++status_.sequence;
    return reflect::to_json_text(
        contracts::Heartbeat{.orchestrator = orchestrator_, .hold_ms = hold_ms, .status = status_});
}

int FakePool::reports() {
    const auto body = heartbeat(0);
    const auto target = heartbeat_target();
    return ask_once({.port = port_, .method = "POST", .target = target, .token = token_, .body = body}).status;
}

void FakePool::holds_a_heartbeat() {
    const auto body = heartbeat(60'000);
    const auto target = heartbeat_target();
    held_ = std::make_unique<Conversation>(
        Asking{.port = port_, .method = "POST", .target = target, .token = token_, .body = body});
}

void FakePool::has_model(const std::string& model) {
    status_.models.push_back({.model = ModelId(model), .size = mebibytes(100), .sha256 = "", .kind = {}});
}

void FakePool::has_gpu(Bytes free, std::optional<std::string> unusable) {
    contracts::Device gpu;
    gpu.id = "cuda:" + std::to_string(status_.devices.size() - 1);
    gpu.kind = contracts::DeviceKind::cuda;
    gpu.memory_free = free;
    gpu.unusable = std::move(unusable);
    status_.devices.push_back(std::move(gpu));
}

void FakePool::has_worker(const contracts::WorkerReport& report) {
    lost_worker(report.worker_id.str());
    status_.workers.push_back(report);
}

void FakePool::lost_worker(const std::string& id) {
    std::erase_if(status_.workers, [&](const auto& worker) { return worker.worker_id.str() == id; });
}

House::House(const std::map<std::string, std::string>& variables) : orcd(folder.path(), variables) {
    EXPECT_TRUE(orcd.wait_until_ready());
    pool.has_model("smollm2");
    EXPECT_EQ(pool.registers(orcd), 200);
}

FakeWorker& House::worker(const std::string& id, Manner manner, std::uint32_t slots) {
    auto& made = *workers.emplace_back(std::make_unique<FakeWorker>(id, manner));
    pool.has_worker(made.report("smollm2", slots));
    EXPECT_EQ(pool.reports(), 200);
    return made;
}

FakeWorker& House::spawned_worker(std::size_t count, Manner manner, std::uint32_t slots) {
    EXPECT_TRUE(pool.server.wait_until([&](const Orders& orders) { return orders.spawned.size() >= count; }));
    return worker(pool.server.orders().spawned.at(count - 1).worker_id.str(), manner, slots);
}

}  // namespace rbees::orcd
