#include "engine_metrics.hpp"

#include <algorithm>

namespace rbees::workerd {
namespace {

/// A total is never reported as having shrunk, whatever the engine says.
double growth(double now, double last) {
    return std::max(0.0, now - last);
}

double growth(Tokens now, Tokens last) {
    return growth(static_cast<double>(now.value), static_cast<double>(last.value));
}

}  // namespace

EngineMetrics::EngineMetrics(http_api::Metrics& metrics)
    : metrics_(metrics),
      tokens_in_(metrics.counter("worker_tokens_in_total")),
      tokens_cached_(metrics.counter("rbees_tokens_cached_total")),
      tokens_out_(metrics.counter("worker_tokens_generated_total")),
      prefill_seconds_(metrics.counter("rbees_prefill_seconds_total")),
      decode_seconds_(metrics.counter("rbees_decode_seconds_total")) {}

void EngineMetrics::update(const engine::Counters& now) {
    tokens_in_.add(growth(now.tokens_in, last_.tokens_in));
    tokens_cached_.add(growth(now.tokens_cached, last_.tokens_cached));
    tokens_out_.add(growth(now.tokens_out, last_.tokens_out));
    prefill_seconds_.add(growth(now.prefill_seconds, last_.prefill_seconds));
    decode_seconds_.add(growth(now.decode_seconds, last_.decode_seconds));
    metrics_.set("rbees_slots_busy", now.slots_busy);
    metrics_.set("rbees_requests_waiting", now.queued);
    last_ = now;
}

}  // namespace rbees::workerd
