#include "cli/session.hpp"
#include "commands/handlers.hpp"
#include "doctor/checks.hpp"

namespace rbees::ctl {

Outcome run_doctor(Session& session, const Arguments& arguments) {
    if (auto kept = session.keep_to_home(); !kept) return std::unexpected(kept.error());
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    Findings findings;
    check_home(*home, findings);
    check_machine(session.environment(), findings);
    const auto config = session.config();
    if (config) {
        check_daemons(session, *home, findings);
    } else {
        findings.push_back({"config", Verdict::bad, config.error().message, config.error().hint});
    }
    check_models(*home, arguments.has("--deep") ? Depth::hashes : Depth::sizes, findings);
    auto& console = session.console();
    console.answer(reflect::to_json(findings), render(findings, console.out().colour));
    return is_any_bad(findings) ? ExitCode::failed : ExitCode::ok;
}

}  // namespace rbees::ctl
