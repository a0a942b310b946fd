#pragma once
/// @file
/// What the fuzz targets begin with.

#include <string>
#include <vector>

namespace rbees::fuzz::seeds {

[[nodiscard]] std::vector<std::string> json();
[[nodiscard]] std::vector<std::string> task();
[[nodiscard]] std::vector<std::string> registration();
[[nodiscard]] std::vector<std::string> execution();
[[nodiscard]] std::vector<std::string> generation();
[[nodiscard]] std::vector<std::string> order();
[[nodiscard]] std::vector<std::string> record();
[[nodiscard]] std::vector<std::string> request();
[[nodiscard]] std::vector<std::string> answer();
[[nodiscard]] std::vector<std::string> query();
[[nodiscard]] std::vector<std::string> events();
[[nodiscard]] std::vector<std::string> trail();
[[nodiscard]] std::vector<std::string> answer_head();
[[nodiscard]] std::vector<std::string> url();
[[nodiscard]] std::vector<std::string> model_header();
[[nodiscard]] std::vector<std::string> configuration();
[[nodiscard]] std::vector<std::string> sim();
[[nodiscard]] std::vector<std::string> quantities();

}  // namespace rbees::fuzz::seeds
