#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "doctor/checks.hpp"
#include "house/ports.hpp"
#include "house/preparation.hpp"
#include "house/processes.hpp"
#include "rbees/contracts/nodes.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/http_api/build.hpp"
#include "rbees/net/message.hpp"

namespace rbees::ctl {
namespace {

Finding judge_process(const Home& home, const char* name, const std::filesystem::path& file) {
    const auto id = fmt::format("process.{}", name);
    const auto process = read_process(file, name);
    if (is_running(process)) {
        return {id, Verdict::good, fmt::format("{} runs (process {})", name, process->identity.pid), {}};
    }
    if (!process) return {id, Verdict::bad, fmt::format("{} does not run", name), "rbees up"};
    return {id, Verdict::bad, fmt::format("{} has died; its log is under {}", name, home.logs.native()),
            "rbees down, then rbees up"};
}

/// The port, where rbees-orcd does not run: whether it could.
Finding judge_port(const std::string& url) {
    const auto address = net::parse_url(url);
    if (!address) return {"port", Verdict::bad, fmt::format("'{}' is no address", url), "rbees config view"};
    const auto state = probe_port(address->host, address->port);
    if (!state) return {"port", Verdict::bad, state.error().message, state.error().remedy};
    if (*state == PortState::free) return {"port", Verdict::good, fmt::format("{} is free", address->authority()), {}};
    return {"port", Verdict::bad,
            fmt::format("{} is taken by {}", address->authority(),
                        holder_of(address->port).value_or("another user's process")),
            "rbees up --listen 127.0.0.1:0"};
}

Finding judge_version(Api& api) {
    const auto server = api.get<contracts::Version>("/v2/version");
    if (!server) return {"orcd.version", Verdict::bad, server.error().message, server.error().hint};
    const auto& own = http_api::this_build().version;
    if (server->version == own)
        return {"orcd.version", Verdict::good, fmt::format("rbees-orcd is version {}", own), {}};
    return {"orcd.version", Verdict::doubtful, fmt::format("rbees is version {}, rbees-orcd {}", own, server->version),
            "rbees orchestrator restart"};
}

Finding judge_nodes(Api& api) {
    const auto nodes = api.get<std::vector<contracts::NodeView>>("/v2/nodes");
    if (!nodes) return {"nodes", Verdict::bad, nodes.error().message, nodes.error().hint};
    const auto ready =
        std::ranges::count_if(*nodes, [](const auto& node) { return node.state == contracts::NodeState::ready; });
    const auto words = fmt::format("nodes: {} of {} ready", ready, nodes->size());
    if (ready == 0) return {"nodes", Verdict::bad, words + ", so no model can run", "rbees down, then rbees up"};
    const bool are_all = static_cast<std::size_t>(ready) == nodes->size();
    return {"nodes", are_all ? Verdict::good : Verdict::doubtful, words, are_all ? "" : "rbees nodes list"};
}

/// Whether rbees-orcd can record what it accepts, as it says itself: where its disk fails or is full, it goes on
/// reading.
std::optional<Finding> judge_recording(Api& api, const Home& home) {
    const auto answer = api.exchange(api.request("GET", "/ready"));
    if (!answer) return std::nullopt;  // whether it answers is another check
    const auto readiness = reflect::from_json_text<contracts::Readiness>(answer->body);
    if (!readiness) return std::nullopt;
    if (!readiness->degraded || readiness->degraded->empty()) {
        return Finding{"journal.recording", Verdict::good, "rbees-orcd records what it accepts", {}};
    }
    return Finding{"journal.recording", Verdict::bad,
                   fmt::format("rbees-orcd says: {}", fmt::join(*readiness->degraded, "; ")),
                   fmt::format("free some space on the disk of {}, or mend it", home.state.native())};
}

}  // namespace

void check_daemons(Session& session, const Home& home, Findings& findings) {
    if (find_processes(home).empty()) {
        findings.push_back({"processes", Verdict::doubtful, "rbees does not run", "rbees up"});
    } else {
        findings.push_back(judge_process(home, supervisor_name, home.supervisor_process()));
        findings.push_back(judge_process(home, orcd_name, home.orcd_process()));
        findings.push_back(judge_process(home, pool_name, home.pool_process()));
    }
    const auto api = session.api();
    if (!api) {
        findings.push_back({"address", Verdict::bad, api.error().message, api.error().hint});
        return;
    }
    if (!was_ever_started(home)) {
        findings.push_back(judge_port((*api)->address().url));  // whoever answers there is of another home
        return;
    }
    const auto health = (*api)->get<contracts::Health>("/health");
    if (!health) {
        if (!is_running(read_process(home.orcd_process(), orcd_name))) {
            findings.push_back(judge_port((*api)->address().url));
            return;
        }
        findings.push_back({"orcd.health", Verdict::bad, health.error().message, "rbees orchestrator restart"});
        return;
    }
    const auto verdict = health->status == "healthy" ? Verdict::good : Verdict::doubtful;
    findings.push_back(
        {"orcd.health", verdict, fmt::format("{} answers: {}", (*api)->address().url, health->status), {}});
    findings.push_back(judge_version(**api));
    findings.push_back(judge_nodes(**api));
    if (auto recording = judge_recording(**api, home)) findings.push_back(std::move(*recording));
}

}  // namespace rbees::ctl
