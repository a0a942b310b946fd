#pragma once
/// @file
/// What the fuzz targets begin with.

#include <string>
#include <vector>

namespace rbees::fuzz::seeds {

[[nodiscard]] std::vector<std::string> json();
[[nodiscard]] std::vector<std::string> task();
[[nodiscard]] std::vector<std::string> registration();
[[nodiscard]] std::vector<std::string> record();
[[nodiscard]] std::vector<std::string> request();
[[nodiscard]] std::vector<std::string> events();
[[nodiscard]] std::vector<std::string> answer_head();
[[nodiscard]] std::vector<std::string> url();
[[nodiscard]] std::vector<std::string> sim();
[[nodiscard]] std::vector<std::string> quantities();

}  // namespace rbees::fuzz::seeds
