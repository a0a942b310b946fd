#include "rbees/http_api/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace rbees::http_api {
namespace {

using contracts::MetricType;
using testing::HasSubstr;
using testing::Not;

constexpr std::array table{
    contracts::Metric{"rbees_build_info", MetricType::gauge, "Build", "version,compiler", "all"},
    contracts::Metric{"starts_total", MetricType::counter, "Starts", "outcome", "here"},
    contracts::Metric{"plain_total", MetricType::counter, "Plain", "", "here"},
    contracts::Metric{"wait_seconds", MetricType::histogram, "Wait", "", "here"},
    contracts::Metric{"workers", MetricType::gauge, "Workers", "status", "here"},
    contracts::Metric{"foreign_total", MetricType::counter, "Foreign", "", "elsewhere"},
};

TEST(Metrics, CountByTheLabelsOfTheTable) {
    Metrics metrics("here", table);
    auto started = metrics.counter("starts_total", {"ready"});

    started.add();
    metrics.counter("starts_total", {"ready"}).add(2);
    metrics.counter("starts_total", {"failed"}).add();

    EXPECT_THAT(metrics.text(), HasSubstr("starts_total{outcome=\"ready\"} 3"));
    EXPECT_THAT(metrics.text(), HasSubstr("starts_total{outcome=\"failed\"} 1"));
    EXPECT_THAT(metrics.text(), HasSubstr("# HELP starts_total Starts"));
}

TEST(Metrics, ShowACounterBeforeItsFirstEvent) {
    EXPECT_THAT(Metrics("here", table).text(), HasSubstr("plain_total 0"));
}

TEST(Metrics, LeaveOutTheRowsOfOtherProcesses) {
    const auto text = Metrics("here", table).text();

    EXPECT_THAT(text, Not(HasSubstr("foreign_total")));
    EXPECT_THAT(text, HasSubstr("rbees_build_info{"));
}

TEST(Metrics, PutDurationsIntoRangesInSeconds) {
    Metrics metrics("here", table);

    metrics.histogram("wait_seconds").observe(std::chrono::milliseconds(15));

    EXPECT_THAT(metrics.text(), HasSubstr("wait_seconds_bucket{le=\"0.01\"} 0"));
    EXPECT_THAT(metrics.text(), HasSubstr("wait_seconds_bucket{le=\"0.02\"} 1"));
    EXPECT_THAT(metrics.text(), HasSubstr("wait_seconds_count 1"));
}

TEST(Metrics, ForgetTheSeriesOfWhatIsGone) {
    Metrics metrics("here", table);
    metrics.set("workers", 1, {"failed"});

    metrics.replace("workers", {{{"ready"}, 2}});

    EXPECT_THAT(metrics.text(), HasSubstr("workers{status=\"ready\"} 2"));
    EXPECT_THAT(metrics.text(), Not(HasSubstr("failed")));
}

TEST(Metrics, CountWhatComesAndGoes) {
    Metrics metrics("here", table);
    auto workers = metrics.gauge("workers", {"ready"});

    workers.add(2);
    workers.add(-1);

    EXPECT_THAT(metrics.text(), HasSubstr("workers{status=\"ready\"} 1"));
}

TEST(Metrics, AnswerInPrometheusTextForm) {
    const auto answer = Metrics("here", table).answer();

    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.find("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST(Metrics, TakeTheRealTableForEveryProcess) {
    for (const auto* process : {"rbees-orcd", "pool-managerd", "rbees-workerd"}) {
        EXPECT_THAT(Metrics(process).text(), HasSubstr("rbees_build_info{")) << process;
    }
}

TEST(MetricsDeathTest, RefuseANameThatIsNotInTheTable) {
    Metrics metrics("here", table);

    EXPECT_DEATH(metrics.set("invented", 1), "rows");
}

}  // namespace
}  // namespace rbees::http_api
