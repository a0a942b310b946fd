#pragma once
/// @file
/// What a run says: a line a scenario as it ends, and a closing line; or one JSON document.

#include <string>
#include <vector>

#include "runner.hpp"

namespace rbees::bdd {

/// The outcome of one feature file.
struct FileResult {
    std::string path;
    std::vector<CaseResult> cases;
    std::optional<ParseError> parse_error;  ///< then no scenario ran, and the file counts as one failure
};

struct Totals {
    int passed = 0;
    int failed = 0;
};

[[nodiscard]] Totals count(const std::vector<FileResult>& files);

/// "  passed  Name (1.2 s)", or "  failed  Name" with place, step and message below.
[[nodiscard]] std::string describe(const std::string& path, const CaseResult& result);

/// "N passed, N failed".
[[nodiscard]] std::string closing_line(Totals totals);

/// {"passed", "failed", "scenarios": [{"file", "line", "name", "tags", "status", "seconds", "step"?, "message"?}]}.
[[nodiscard]] std::string to_json(const std::vector<FileResult>& files);

}  // namespace rbees::bdd
