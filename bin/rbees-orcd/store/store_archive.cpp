#include "store/store_archive.hpp"

#include <fmt/format.h>

#include <utility>

#include "rbees/kernel/records.hpp"
#include "rbees/orchestrator_core/jobs.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::orcd {
namespace {

using orchestrator::Job;
using orchestrator::StoredFrames;

/// Pieces of a stream that are read at once.
constexpr std::size_t pieces_max = 64;

template <class T>
Result<T> read_as(std::string_view what, const std::string& json) {
    auto value = reflect::from_json_text<T>(json);
    if (value) return std::move(*value);
    return fail(fmt::format("{} is damaged: {}", what, reflect::describe(value.error())), "rbees audit verify");
}

}  // namespace

Result<std::optional<Job>> StoreArchive::job(const JobId& id) {
    const auto row = reader_.entity("job", id.str());
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    auto job = read_as<Job>("the row of task " + id.str(), (*row)->entity.json);
    if (!job) return std::unexpected(std::move(job.error()));
    return std::optional(std::move(*job));
}

Result<std::optional<JobId>> StoreArchive::submitted(const std::string& submission) {
    const auto row = reader_.entity(kernel::submission_kind, submission);
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    auto found = read_as<kernel::Submission>("the row of a submission", (*row)->entity.json);
    if (!found) return std::unexpected(std::move(found.error()));
    return std::optional(std::move(found->job));
}

Result<std::optional<std::string>> StoreArchive::request(const JobId& id) {
    auto payload = reader_.payload(orchestrator::request_payload(id));
    if (!payload) return std::unexpected(std::move(payload.error()));
    if (!*payload) return std::nullopt;
    return std::optional(std::move((*payload)->bytes));
}

Result<std::optional<contracts::ExecutionStart>> StoreArchive::start(const JobId& id) {
    const auto payload = reader_.payload(orchestrator::start_payload(id));
    if (!payload) return std::unexpected(payload.error());
    if (!*payload) return std::nullopt;
    auto start = read_as<contracts::ExecutionStart>("the start of task " + id.str(), (*payload)->bytes);
    if (!start) return std::unexpected(std::move(start.error()));
    return std::optional(std::move(*start));
}

Result<std::vector<StoredFrames>> StoreArchive::frames(const JobId& id, std::uint64_t from) {
    const auto prefix = orchestrator::frames_prefix(id);
    std::vector<StoredFrames> pieces;
    const auto take = [&](const store::PayloadWrite& payload) -> Result<void> {
        auto piece = read_as<StoredFrames>("a piece of task " + id.str(), payload.bytes);
        if (!piece) return std::unexpected(std::move(piece.error()));
        if (piece->first + piece->frames.size() > from) pieces.push_back(std::move(*piece));
        return {};
    };
    const auto entered = reader_.payload_up_to(prefix, orchestrator::frames_payload(id, from));
    if (!entered) return std::unexpected(entered.error());
    if (!*entered) return pieces;
    if (auto taken = take(**entered); !taken) return std::unexpected(std::move(taken.error()));
    const auto rest = reader_.payloads(prefix, (*entered)->id, pieces_max);
    if (!rest) return std::unexpected(rest.error());
    for (const auto& payload : *rest) {
        if (auto taken = take(payload); !taken) return std::unexpected(std::move(taken.error()));
    }
    return pieces;
}

Result<std::vector<Job>> StoreArchive::ended_before(WallTime time, std::size_t limit) {
    const auto due = reader_.due("job", time, limit);
    if (!due) return std::unexpected(due.error());
    std::vector<Job> jobs;
    for (const auto& row : due->rows) {
        auto job = read_as<Job>("the row of task " + row.entity.id, row.entity.json);
        if (!job) return std::unexpected(std::move(job.error()));
        jobs.push_back(std::move(*job));
    }
    return jobs;
}

}  // namespace rbees::orcd
