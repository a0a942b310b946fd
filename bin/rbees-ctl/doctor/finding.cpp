#include "doctor/finding.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rbees::ctl {
namespace {

struct Mark {
    std::string_view sign;
    Tone tone;
};

Mark mark_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::good:
            return {"✓", Tone::good};
        case Verdict::doubtful:
            return {"!", Tone::warning};
        case Verdict::bad:
            return {"✗", Tone::bad};
    }
    return {"?", Tone::plain};
}

}  // namespace

std::string render(const Findings& findings, Colour colour) {
    std::string text;
    for (const auto& finding : findings) {
        const auto mark = mark_of(finding.verdict);
        text += fmt::format("{} {}\n", paint(colour, mark.tone, mark.sign), finding.detail);
        if (!finding.fix.empty()) text += fmt::format("    fix: {}\n", finding.fix);
    }
    return text;
}

bool is_any_bad(const Findings& findings) {
    return std::ranges::any_of(findings, [](const Finding& finding) { return finding.verdict == Verdict::bad; });
}

}  // namespace rbees::ctl
