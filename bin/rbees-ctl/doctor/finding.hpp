#pragma once
/// @file
/// What `rbees doctor` found: one line a check, with a command that mends it where something is wrong.

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "output/colour.hpp"

namespace rbees::ctl {

enum class Verdict : std::uint8_t { good, doubtful, bad };
BOOST_DESCRIBE_ENUM(Verdict, good, doubtful, bad)

struct Finding {
    std::string id;  ///< the check's name for programs: "disk.space"
    Verdict verdict = Verdict::good;
    std::string detail;
    std::string fix;  ///< a command or a sentence; empty when nothing is to be done
};
BOOST_DESCRIBE_STRUCT(Finding, (), (id, verdict, detail, fix))

using Findings = std::vector<Finding>;

/// "✗ detail", and under it "fix: ..." where there is one.
[[nodiscard]] std::string render(const Findings& findings, Colour colour);

[[nodiscard]] bool is_any_bad(const Findings& findings);

}  // namespace rbees::ctl
