#include "rbees/contracts/options.hpp"

#include <algorithm>
#include <array>

#include "rbees/base/assert.hpp"

namespace rbees::contracts {
namespace {

using enum OptionKind;

constexpr std::array table{
    Option{"listen", text, "127.0.0.1:8080", "",
           "where rbees-orcd listens; several, separated by commas; port 0 takes a free one"},
    Option{"threads", integer, "0", "0..64", "I/O threads of rbees-orcd; 0 = one for every two cores"},
    Option{"log.level", choice, "info", "debug|info|warning|error", "what goes to the logs"},
    Option{"log.size", bytes, "10MiB", "64KiB..", "size at which a log is set aside and a new one begun"},
    Option{"log.keep", integer, "3", "0..100", "logs set aside that stay, for each process"},
    Option{"metrics.open", flag, "off", "", "whether /metrics answers without a token on loopback"},
    Option{"models.default", text, "", "", "the model that is used when a request or command names none"},
    Option{"models.load_deadline", duration, "120s", "", "how long a request waits for a model that is being loaded"},
    Option{"queue.capacity", integer, "1024", "1..1000000", "requests that may wait for a slot; more get 429"},
    Option{"queue.policy", choice, "reject", "reject|drop-lru",
           "what happens to a task when the queue is full: it is refused, or the oldest batch task leaves for it"},
    Option{"queue.wait", duration, "300s", "", "how long a request waits for a slot"},
    Option{"body.limit", bytes, "32MiB", "64KiB..256MiB", "largest body of a request; a task's is 8 MiB at most"},
    Option{"bodies.limit", bytes, "256MiB", "64KiB..",
           "bodies of all requests that are being answered, together; more get 503; never less than body.limit"},
    Option{"connections.limit", integer, "4096", "1..100000", "open client connections; more get 503"},
    Option{"heartbeat.interval", duration, "2s", "", "how often a node tells orcd that it lives"},
    Option{"heartbeat.missed", integer, "3", "2..100", "missed heartbeats after which a node gets no new workers"},
    Option{"pool.listen", text, "127.0.0.1:9200", "",
           "where pool-managerd listens; the next free port is taken if it is in use"},
    Option{"pool.orchestrator", text, "", "", "address of rbees-orcd on this machine; empty = the one of this home"},
    Option{"pool.name", text, "", "", "name of this machine; empty = its host name"},
    Option{"worker.slots", integer, "4", "1..256", "requests that one worker runs at the same time"},
    Option{"worker.context", integer, "0", "0..10000000",
           "tokens of context for each request; 0 = the model's own up to 8192, less if memory is short"},
    Option{"worker.threads", integer, "0", "0..1024", "threads of a worker; 0 = measured when it loads"},
    Option{"worker.start_timeout", duration, "120s", "", "how long a worker may take to load its model"},
    Option{"worker.stop_grace", duration, "30s", "", "how long a stopping worker may finish its work"},
    Option{"worker.silence", duration, "120s", "10s..",
           "how long a worker that has loaded and stands still may give no answer before it is killed"},
    Option{"download.connections", integer, "4", "1..16", "parallel connections for one model file"},
    Option{"download.answer_timeout", duration, "5s", "",
           "how long a source may take to answer before the next one is tried"},
    Option{"sessions.retain", duration, "7d", "",
           "how long a session that no task uses, open or closed, is remembered"},
    Option{"tasks.lease", duration, "60s", "1s..",
           "how long a worker goes on with a task of which rbees-orcd is not heard"},
    Option{"tasks.retain", duration, "24h", "", "how long the text of a task is kept after its end"},
    Option{"shutdown.grace", duration, "10s", "", "how long requests in flight may take when a process stops"},
    Option{"storage.watermark", bytes, "512MB", "", "free space below which no new work is accepted"},
    Option{"storage.journal_keep", duration, "90d", "", "how long records stay in the journal; 0s = for ever"},
};

const Option& time_named(std::string_view name) {
    const auto row = std::ranges::find(table, name, &Option::name);
    RBEES_ASSERT(row != table.end() && row->kind == duration);
    return *row;
}

}  // namespace

std::span<const Option> options() {
    return table;
}

Duration default_duration(std::string_view option) {
    return parse_duration(time_named(option).fallback).value();
}

Duration least_duration(std::string_view option) {
    const auto& range = time_named(option).range;
    const auto least = range.substr(0, range.find(".."));
    return least.empty() ? Duration{} : parse_duration(least).value();
}

}  // namespace rbees::contracts
