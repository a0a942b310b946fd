#pragma once
/// @file
/// Every metric, once: name, type, help. Units are base units and stand in the name.

#include <cstdint>
#include <span>
#include <string_view>

#include <boost/describe/enum.hpp>

namespace rbees::contracts {

enum class MetricType : std::uint8_t { counter, gauge, histogram };
BOOST_DESCRIBE_ENUM(MetricType, counter, gauge, histogram)

struct Metric {
    std::string_view name;
    MetricType type;
    std::string_view help;
    std::string_view labels;   ///< comma-separated; empty for none
    std::string_view process;  ///< which process exposes it
};

[[nodiscard]] std::span<const Metric> metrics();

}  // namespace rbees::contracts
