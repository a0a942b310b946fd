#pragma once
/// @file
/// The engine's own counters as metrics. The engine says totals since the load; the registry counts additions.

#include "rbees/engine/engine.hpp"
#include "rbees/http_api/metrics.hpp"

namespace rbees::workerd {

/// Owned beside its `Metrics`, which must outlive it.
class EngineMetrics {
  public:
    explicit EngineMetrics(http_api::Metrics& metrics);

    /// Brings the metrics to these totals, before a scrape.
    void update(const engine::Counters& now);

  private:
    http_api::Metrics& metrics_;
    http_api::Counter tokens_in_;
    http_api::Counter tokens_cached_;
    http_api::Counter tokens_out_;
    http_api::Counter prefill_seconds_;
    http_api::Counter decode_seconds_;
    engine::Counters last_;
};

}  // namespace rbees::workerd
