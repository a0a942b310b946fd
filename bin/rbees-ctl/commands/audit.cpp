#include <fmt/format.h>

#include "commands/handlers.hpp"
#include "house/journal_access.hpp"
#include "output/words.hpp"
#include "rbees/contracts/storage.hpp"
#include "rbees/store/reader.hpp"

namespace rbees::ctl {
namespace {

using contracts::AuditReport;

constexpr auto what = "checking the journal";

AuditReport report_of(store::VerifyReport found) {
    return {.good = !found.first_problem,
            .problem = std::move(found.first_problem),
            .first = found.first,
            .records = found.records,
            .entities = found.entities,
            .payloads = found.payloads,
            .head = {found.head.sequence, to_hex(found.head.hash)}};
}

Checked<AuditReport> verify_file(Session& session, const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        return std::unexpected(CliError{ExitCode::not_found,
                                        fmt::format("there is no journal {}", path.native()),
                                        "name the file with --file, or the home with --home",
                                        "NOT_FOUND",
                                        {}});
    }
    const auto reader = store::Reader::open(path);
    if (!reader) return failed(reader.error());
    auto found = run_aside<store::VerifyReport>(
        session, what, [&reader](const std::stop_token& stop) { return (*reader)->verify(std::nullopt, stop); });
    if (!found) return std::unexpected(found.error());
    return report_of(std::move(*found));
}

Checked<AuditReport> verify_served(Session& session) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto answer = call_slowly(session, (*api)->request("GET", "/v2/audit/verify"), what);
    return (*api)->read<AuditReport>(answer);
}

Checked<AuditReport> verify(Session& session, const Arguments& arguments) {
    if (const auto file = arguments.text("--file")) return verify_file(session, std::filesystem::absolute(*file));
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    if (is_served(session, *home)) return verify_served(session);
    return verify_file(session, home->journal());
}

std::string sentence_of(const AuditReport& report) {
    const auto from = report.first == 1 ? std::string() : fmt::format(" from {} on", report.first);
    return fmt::format("the journal is good: {}{}, {}, {}\nits last record is {}, hash {}\n",
                       count_of(report.records, "record"), from,
                       report.entities == 1 ? "1 entity" : fmt::format("{} entities", report.entities),
                       count_of(report.payloads, "payload"), report.head.sequence, report.head.hash);
}

}  // namespace

Outcome run_audit_verify(Session& session, const Arguments& arguments) {
    const auto report = verify(session, arguments);
    if (!report) return std::unexpected(report.error());
    if (report->good) {
        session.console().answer(reflect::to_json(*report), sentence_of(*report));
        return ExitCode::ok;
    }
    if (session.is_json()) session.console().print_json(reflect::to_json(*report));
    return std::unexpected(
        CliError{ExitCode::failed,
                 fmt::format("the journal is not good: {}", report->problem.value_or("unknown")),
                 "keep the file, it may help to find the cause; go back with: rbees backup restore PATH",
                 "JOURNAL_DAMAGED",
                 {}});
}

}  // namespace rbees::ctl
