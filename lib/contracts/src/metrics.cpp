#include "rbees/contracts/metrics.hpp"

#include <array>

namespace rbees::contracts {
namespace {

using enum MetricType;

constexpr std::array table{
    Metric{"orchd_queue_depth", gauge, "Requests that wait for a slot", "priority", "rbees-orcd"},
    Metric{"orchd_worker_connections_active", gauge, "Requests that a worker is answering", "", "rbees-orcd"},
    Metric{"rbees_build_info", gauge, "Always 1; the labels say which build this is", "version,compiler", "all"},
    Metric{"rbees_requests_total", counter, "Requests answered", "operation,status", "rbees-orcd"},
    Metric{"rbees_requests_running", gauge, "Requests being answered", "", "rbees-orcd"},
    Metric{"rbees_request_duration_seconds", histogram, "From the request's last byte in to the answer's last byte out",
           "operation", "rbees-orcd"},
    Metric{"rbees_time_to_first_token_seconds", histogram,
           "From the request's last byte in to the answer's first byte out", "", "rbees-orcd"},
    Metric{"rbees_queue_wait_seconds", histogram, "Time that a request waited for a slot", "", "rbees-orcd"},
    Metric{"rbees_failovers_total", counter, "Requests sent to another worker before their first byte", "",
           "rbees-orcd"},
    Metric{"rbees_continuations_total", counter, "Streams that another worker went on with", "", "rbees-orcd"},
    Metric{"rbees_cancels_total", counter, "Requests whose client left before the end", "", "rbees-orcd"},
    Metric{"rbees_node_up", gauge, "1 while the node is ready", "node", "rbees-orcd"},
    Metric{"rbees_model_loaded", gauge, "Workers that have the model loaded", "model", "rbees-orcd"},
    Metric{"rbees_journal_records", gauge, "Records written since the start", "", "rbees-orcd"},
    Metric{"rbees_journal_commits", gauge, "Transactions that wrote them", "", "rbees-orcd"},
    Metric{"pool_mgr_gpus_total", gauge, "Graphics processors of this node", "", "pool-managerd"},
    Metric{"pool_mgr_gpu_vram_total_bytes", gauge, "Memory of each", "gpu_id", "pool-managerd"},
    Metric{"pool_mgr_gpu_vram_allocated_bytes", gauge, "Memory of each that is in use", "gpu_id", "pool-managerd"},
    Metric{"pool_mgr_workers_total", gauge, "Workers of this node", "status", "pool-managerd"},
    Metric{"pool_mgr_worker_starts_total", counter, "Workers started", "outcome", "pool-managerd"},
    Metric{"pool_mgr_worker_stops_total", counter, "Workers that ended", "reason", "pool-managerd"},
    Metric{"pool_mgr_model_downloads_total", counter, "Model downloads that ended", "outcome", "pool-managerd"},
    Metric{"worker_requests_total", counter, "Requests answered", "outcome", "rbees-workerd"},
    Metric{"worker_tokens_in_total", counter, "Prompt tokens, cached ones included", "", "rbees-workerd"},
    Metric{"rbees_tokens_cached_total", counter, "Prompt tokens that the KV cache still held", "", "rbees-workerd"},
    Metric{"worker_tokens_generated_total", counter, "Tokens generated", "", "rbees-workerd"},
    Metric{"rbees_prefill_seconds_total", counter, "Time spent on prompts that were not cached", "", "rbees-workerd"},
    Metric{"rbees_decode_seconds_total", counter, "Time that all requests spent on generating", "", "rbees-workerd"},
    Metric{"rbees_slots_busy", gauge, "Slots at work", "", "rbees-workerd"},
    Metric{"rbees_requests_waiting", gauge, "Requests that wait for a slot of this worker", "", "rbees-workerd"},
    Metric{"rbees_executions", gauge, "Executions of durable jobs that are kept", "state", "rbees-workerd"},
    Metric{"rbees_executions_total", counter, "Executions that ended: completed, failed or cancelled", "outcome",
           "rbees-workerd"},
    Metric{"rbees_execution_leases_ended_total", counter, "Executions given up because nobody renewed their lease", "",
           "rbees-workerd"},
    Metric{"rbees_execution_pauses_total", counter, "Times that an execution paused because its buffer was full", "",
           "rbees-workerd"},
    Metric{"worker_uptime_seconds", gauge, "Since the process started", "", "rbees-workerd"},
};

}  // namespace

std::span<const Metric> metrics() {
    return table;
}

}  // namespace rbees::contracts
