#pragma once
/// @file
/// The metrics of one process, made from the table in contracts/metrics.hpp, as Prometheus text.
///
/// A name that is not in the table, or another number of labels, is a bug (RBEES_ASSERT), so the table stays complete.
/// Counters, histograms and gauges that count are taken once and kept as handles; a handle costs an atomic addition,
/// and is valid as long as its `Metrics`. Other gauges are set where they change, or all at once before a scrape.
/// Thread-safe.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/base/time.hpp"
#include "rbees/contracts/metrics.hpp"
#include "rbees/net/message.hpp"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace rbees::http_api {

/// A number that only grows.
class Counter {
  public:
    void add(double amount = 1);

  private:
    friend class Metrics;
    explicit Counter(prometheus::Counter& series) : series_(&series) {}
    prometheus::Counter* series_;
};

/// A number of things that come and go.
class Gauge {
  public:
    void add(double amount);

  private:
    friend class Metrics;
    explicit Gauge(prometheus::Gauge& series) : series_(&series) {}
    prometheus::Gauge* series_;
};

/// How often a duration fell into which range (1 ms to 300 s).
class Histogram {
  public:
    void observe(Duration duration);

  private:
    friend class Metrics;
    explicit Histogram(prometheus::Histogram& series) : series_(&series) {}
    prometheus::Histogram* series_;
};

/// One series of a gauge: its label values in the table's order, and its value.
struct GaugeValue {
    std::vector<std::string> labels;
    double value = 0;
};

class Metrics {
  public:
    using Labels = std::initializer_list<std::string_view>;

    /// The rows of `process`, and those of every process; sets `rbees_build_info`.
    explicit Metrics(std::string_view process, std::span<const contracts::Metric> table = contracts::metrics());
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// The series of that name with these label values, in the table's order.
    [[nodiscard]] Counter counter(std::string_view name, Labels labels = {});
    [[nodiscard]] Gauge gauge(std::string_view name, Labels labels = {});
    [[nodiscard]] Histogram histogram(std::string_view name, Labels labels = {});

    /// Sets one series of a gauge.
    void set(std::string_view name, double value, Labels labels = {});

    /// Makes these the only series of a gauge: things that are gone disappear.
    void replace(std::string_view name, const std::vector<GaugeValue>& values);

    /// Prometheus text format 0.0.4.
    [[nodiscard]] std::string text() const;

    /// The answer to `GET /metrics`.
    [[nodiscard]] net::Response answer() const;

  private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace rbees::http_api
