#include "disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "rbees/kernel/records.hpp"
#include "rbees/orchestrator_core/jobs.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::simulation {
namespace {

/// As the journal of rbees-orcd has it.
constexpr std::size_t waiting_max = 4'096;

template <class T>
Result<T> read_as(std::string_view what, const std::string& json) {
    auto value = reflect::from_json_text<T>(json);
    if (value) return std::move(*value);
    return fail(fmt::format("{} is damaged: {}", what, reflect::describe(value.error())));
}

}  // namespace

std::expected<void, kernel::JournalRefusal> Disk::admits(kernel::Urgency urgency) const {
    if (waiting_.size() >= waiting_max) return std::unexpected(kernel::JournalRefusal::busy);
    if (full_for && urgency <= *full_for) return std::unexpected(kernel::JournalRefusal::full);
    return {};
}

void Disk::append(kernel::JournalBatch batch, std::function<void()> durable) {
    waiting_.emplace_back(std::move(batch), std::move(durable));
    begin();
}

/// Everything that waits makes one transaction, when the one before it has ended.
void Disk::begin() {
    if (!under_way_.empty() || waiting_.empty()) return;
    under_way_ = std::exchange(waiting_, {});
    const auto time = random_.between(commit_time / 2, commit_time);
    orcd_.after(time, [this] { finish(); });
    if (auto interrupt = std::exchange(interrupt_, {})) orcd_.after(time / 2, std::move(interrupt));
}

void Disk::finish() {
    if (const auto die = std::exchange(fail_, {})) return die();
    auto written = std::exchange(under_way_, {});
    for (auto& [batch, durable] : written) {
        write(batch);
    }
    for (auto& [batch, durable] : written) {
        durable();
    }
    begin();
}

void Disk::crashed() {
    if (random_.chance(500)) {
        for (auto& [batch, durable] : under_way_) {
            write(batch);
        }
    }
    under_way_.clear();
    waiting_.clear();
    fail_ = {};
    interrupt_ = {};
}

void Disk::write(kernel::JournalBatch& batch) {
    ledger_.committed(batch);
    for (auto& row : batch.entities) {
        if (row.kind == "job") due_.erase(row.id);
        if (row.due_at) due_.emplace(row.id, *row.due_at);
        auto key = std::pair(row.kind, row.id);
        if (row.phase == kernel::RowPhase::erased) {
            rows_.erase(key);
        } else {
            rows_.insert_or_assign(std::move(key), std::move(row));
        }
    }
    for (auto& payload : batch.payloads) {
        texts_.insert_or_assign(payload.id, std::move(payload.bytes));
    }
    for (const auto& prefix : batch.erased) {
        std::erase_if(texts_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
    }
}

Result<kernel::State> Disk::recovered() const {
    kernel::State state;
    for (const auto kind : kernel::entity_kinds) {
        const auto begin = rows_.lower_bound({std::string(kind), ""});
        for (auto entry = begin; entry != rows_.end() && entry->first.first == kind; ++entry) {
            if (entry->second.phase != kernel::RowPhase::live) continue;
            if (auto restored = restore_row(state, kind, entry->second.json); !restored) {
                return std::unexpected(restored.error());
            }
        }
    }
    return state;
}

const kernel::EntityRow* Disk::row(std::string_view kind, const std::string& id) const {
    const auto found = rows_.find({std::string(kind), id});
    return found == rows_.end() ? nullptr : &found->second;
}

const std::string* Disk::text(const std::string& id) const {
    const auto found = texts_.find(id);
    return found == texts_.end() ? nullptr : &found->second;
}

Result<std::optional<orchestrator::Job>> Disk::job(const JobId& id) {
    const auto* found = row("job", id.str());
    if (found == nullptr) return std::nullopt;
    auto job = read_as<orchestrator::Job>("a job", found->json);
    if (!job) return std::unexpected(job.error());
    return std::optional(std::move(*job));
}

Result<std::optional<JobId>> Disk::submitted(const std::string& submission) {
    const auto* found = row(kernel::submission_kind, submission);
    if (found == nullptr) return std::nullopt;
    auto read = read_as<kernel::Submission>("a submission", found->json);
    if (!read) return std::unexpected(read.error());
    return std::optional(read->job);
}

Result<std::optional<std::string>> Disk::request(const JobId& id) {
    const auto* found = text(orchestrator::request_payload(id));
    if (found == nullptr) return std::nullopt;
    return std::optional(*found);
}

Result<std::optional<contracts::ExecutionStart>> Disk::start(const JobId& id) {
    const auto* found = text(orchestrator::start_payload(id));
    if (found == nullptr) return std::nullopt;
    auto start = read_as<contracts::ExecutionStart>("a start", *found);
    if (!start) return std::unexpected(start.error());
    return std::optional(std::move(*start));
}

Result<std::vector<orchestrator::StoredFrames>> Disk::frames(const JobId& id, std::uint64_t from) {
    std::vector<orchestrator::StoredFrames> pieces;
    const auto prefix = orchestrator::frames_prefix(id);
    auto entry = texts_.upper_bound(orchestrator::frames_payload(id, from));
    if (entry != texts_.begin()) --entry;
    for (; entry != texts_.end() && entry->first <= prefix + "~"; ++entry) {
        if (!entry->first.starts_with(prefix)) continue;
        auto piece = read_as<orchestrator::StoredFrames>("a piece", entry->second);
        if (!piece) return std::unexpected(piece.error());
        if (piece->first + piece->frames.size() > from) pieces.push_back(std::move(*piece));
    }
    return pieces;
}

Result<std::vector<orchestrator::Job>> Disk::ended_before(WallTime time, std::size_t limit) {
    std::vector<std::pair<WallTime, std::string>> ended;
    for (const auto& [id, due] : due_) {
        if (due <= time) ended.emplace_back(due, id);
    }
    std::ranges::sort(ended);
    std::vector<orchestrator::Job> jobs;
    for (const auto& [due, id] : ended | std::views::take(limit)) {
        auto found = job(JobId(id));
        if (!found) return std::unexpected(found.error());
        if (*found) jobs.push_back(std::move(**found));
    }
    return jobs;
}

}  // namespace rbees::simulation
