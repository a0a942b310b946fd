#pragma once
/// @file
/// Entities and records for the tests, and states as text to compare.

#include <chrono>
#include <string>
#include <vector>

#include "rbees/kernel/state.hpp"

namespace rbees::kernel {

inline constexpr WallTime noon{std::chrono::milliseconds(1'763'724'218'120)};  // 2025-11-21T11:23:38.120Z

[[nodiscard]] orchestrator::Node sample_node(const std::string& id);

/// As it is ordered: it starts.
[[nodiscard]] orchestrator::Worker sample_worker(const std::string& id, const std::string& node);

[[nodiscard]] orchestrator::ReadyFacts sample_facts();
[[nodiscard]] orchestrator::AddedModel sample_model(const std::string& id);

/// With every member filled.
[[nodiscard]] orchestrator::Token sample_token(const std::string& id);
[[nodiscard]] orchestrator::Job sample_job(const std::string& id);
[[nodiscard]] orchestrator::Session sample_session(const std::string& name);

/// A journal with every type of record and every word of their enumerations at least once (of error codes, one). It
/// leaves live entities of each kind, and ended workers.
[[nodiscard]] std::vector<Record> sample_journal();

/// Every entity of the state as JSON, one a line.
[[nodiscard]] std::string text_of(const State& state);

}  // namespace rbees::kernel
