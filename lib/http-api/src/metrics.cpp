#include "rbees/http_api/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <variant>

#include "rbees/base/assert.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/http_api/build.hpp"

namespace rbees::http_api {
namespace {

using GaugeFamily = prometheus::Family<prometheus::Gauge>;

std::vector<std::string> split_labels(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        names.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return names;
}

/// Seconds; from a token at a time to a model being loaded.
prometheus::Histogram::BucketBoundaries seconds_buckets() {
    return {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300};
}

}  // namespace

struct Metrics::Implementation {
    struct Row {
        std::variant<prometheus::Family<prometheus::Counter>*, GaugeFamily*, prometheus::Family<prometheus::Histogram>*>
            family;
        std::vector<std::string> labels;
        std::vector<prometheus::Gauge*> series;  ///< of a gauge, for replace()
    };

    prometheus::Registry registry;
    std::mutex mutex;  ///< guards `rows` and the replacing of series, so that no scrape sees a half replaced gauge
    std::map<std::string, Row, std::less<>> rows;

    void add(const contracts::Metric& metric) {
        const std::string name(metric.name);
        const std::string help(metric.help);
        Row row{.family = static_cast<GaugeFamily*>(nullptr), .labels = split_labels(metric.labels), .series = {}};
        switch (metric.type) {
            case contracts::MetricType::counter:
                row.family = &prometheus::BuildCounter().Name(name).Help(help).Register(registry);
                break;
            case contracts::MetricType::gauge:
                row.family = &prometheus::BuildGauge().Name(name).Help(help).Register(registry);
                break;
            case contracts::MetricType::histogram:
                row.family = &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
                break;
        }
        rows.emplace(name, std::move(row));
    }

    Row& row(std::string_view name) {
        const auto found = rows.find(name);
        RBEES_ASSERT(found != rows.end());
        return found->second;
    }

    template <class Family>
    static Family& family(Row& row) {
        auto** family = std::get_if<Family*>(&row.family);
        RBEES_ASSERT(family != nullptr);
        return **family;
    }

    template <class Values>
    static prometheus::Labels labels(const Row& row, const Values& values) {
        RBEES_ASSERT(values.size() == row.labels.size());
        prometheus::Labels labels;
        auto name = row.labels.begin();
        for (const auto& value : values) {
            labels.emplace(*name++, std::string(value));
        }
        return labels;
    }

    template <class Values>
    static void set_gauge(Row& row, double value, const Values& values) {
        auto& gauge = family<GaugeFamily>(row).Add(labels(row, values));
        gauge.Set(value);
        if (std::ranges::find(row.series, &gauge) == row.series.end()) row.series.push_back(&gauge);
    }
};

void Counter::add(double amount) {
    series_->Increment(amount);
}

void Gauge::add(double amount) {
    series_->Increment(amount);
}

void Histogram::observe(Duration duration) {
    series_->Observe(std::chrono::duration<double>(duration).count());
}

Metrics::Metrics(std::string_view process, std::span<const contracts::Metric> table)
    : implementation_(std::make_unique<Implementation>()) {
    for (const auto& metric : table) {
        if (metric.process != process && metric.process != "all") continue;
        implementation_->add(metric);
        if (metric.labels.empty() && metric.type == contracts::MetricType::counter)
            static_cast<void>(counter(metric.name));
    }
    const auto& build = this_build();
    if (implementation_->rows.contains("rbees_build_info")) set("rbees_build_info", 1, {build.version, build.compiler});
}

Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, Labels labels) {
    const std::lock_guard lock(implementation_->mutex);
    auto& row = implementation_->row(name);
    auto& family = Implementation::family<prometheus::Family<prometheus::Counter>>(row);
    return Counter(family.Add(Implementation::labels(row, labels)));
}

Gauge Metrics::gauge(std::string_view name, Labels labels) {
    const std::lock_guard lock(implementation_->mutex);
    auto& row = implementation_->row(name);
    return Gauge(Implementation::family<GaugeFamily>(row).Add(Implementation::labels(row, labels)));
}

Histogram Metrics::histogram(std::string_view name, Labels labels) {
    const std::lock_guard lock(implementation_->mutex);
    auto& row = implementation_->row(name);
    auto& family = Implementation::family<prometheus::Family<prometheus::Histogram>>(row);
    return Histogram(family.Add(Implementation::labels(row, labels), seconds_buckets()));
}

void Metrics::set(std::string_view name, double value, Labels labels) {
    const std::lock_guard lock(implementation_->mutex);
    Implementation::set_gauge(implementation_->row(name), value, labels);
}

void Metrics::replace(std::string_view name, const std::vector<GaugeValue>& values) {
    const std::lock_guard lock(implementation_->mutex);
    auto& row = implementation_->row(name);
    for (auto* gauge : row.series) {
        Implementation::family<GaugeFamily>(row).Remove(gauge);
    }
    row.series.clear();
    for (const auto& value : values) {
        Implementation::set_gauge(row, value.value, value.labels);
    }
}

std::string Metrics::text() const {
    const std::lock_guard lock(implementation_->mutex);
    return prometheus::TextSerializer().Serialize(implementation_->registry.Collect());
}

net::Response Metrics::answer() const {
    return text_answer(200, "text/plain; version=0.0.4; charset=utf-8", text());
}

}  // namespace rbees::http_api
