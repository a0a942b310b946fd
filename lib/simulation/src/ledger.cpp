#include "ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "rbees/base/overloaded.hpp"
#include "rbees/kernel/records.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::simulation {
namespace {

namespace orch = orchestrator;
using contracts::ErrorCode;
using contracts::TaskState;

/// The job and what of it ("request", "frames/000000000001") that a payload's id names.
std::pair<JobId, std::string_view> parts_of(std::string_view id) {
    const auto begin = id.find('/') + 1;
    const auto end = id.find('/', begin);
    return {JobId(std::string(id.substr(begin, end - begin))), id.substr(end + 1)};
}

/// As many attempts without a new token as a dead letter has at least.
constexpr std::uint32_t setbacks_of_dead_letter = 4;

}  // namespace

void Ledger::committed(const kernel::JournalBatch& batch) {
    std::vector<kernel::Record> records;
    for (const auto& text : batch.records) {
        auto record = kernel::read_record(text);
        if (!record) return verdict_.wrong("records", record.error().message);
        records.push_back(std::move(*record));
    }
    for (const auto& payload : batch.payloads) {
        note_payload(payload);
    }
    try {
        for (const auto& record : records) {
            kernel::apply(state_, record);
            note(record);
        }
    } catch (const std::exception& error) {
        return verdict_.wrong("records", fmt::format("the records do not follow from each other: {}", error.what()));
    }
    check_sessions();
    compare(kernel::rows_of(records, state_), batch.entities);
    kernel::forget_ended(state_);
}

void Ledger::restarted() {
    for (auto& [id, facts] : jobs_) {
        facts.is_taken_over = facts.runs;
    }
}

const JobFacts* Ledger::find(const JobId& job) const {
    const auto found = jobs_.find(job);
    return found == jobs_.end() ? nullptr : &found->second;
}

std::uint32_t Ledger::running_at(const WorkerId& worker) const {
    return static_cast<std::uint32_t>(std::ranges::count_if(state_.jobs.jobs(), [&](const auto& entry) {
        const auto& facts = jobs_.at(entry.first);
        return facts.runs && !facts.is_taken_over && facts.worker == worker;
    }));
}

std::optional<std::uint32_t> Ledger::slots_of(const WorkerId& worker) const {
    const auto* found = state_.fleet.find(worker);
    return found == nullptr ? std::nullopt : found->slots;
}

void Ledger::note(const kernel::Record& record) {
    if (const auto* job = std::get_if<orch::JobRecord>(&record)) {
        std::visit([this](const auto& one) { note_job(one); }, *job);
    }
    if (const auto* session = std::get_if<orch::SessionRecord>(&record)) note_session(*session);
    if (const auto* fleet = std::get_if<orch::FleetRecord>(&record)) note_worker(*fleet);
}

void Ledger::note_worker(const orch::FleetRecord& record) {
    if (const auto* draining = std::get_if<orch::WorkerDraining>(&record)) retired_.insert(draining->worker);
    const auto* created = std::get_if<orch::WorkerCreated>(&record);
    if (created == nullptr) return;
    created_.insert(created->worker.id);
    if (created->worker.state == contracts::WorkerState::draining) retired_.insert(created->worker.id);
}

void Ledger::note_job(const orch::JobQueued& record) {
    auto& facts = jobs_[record.job.id];
    facts.job = record.job;
    facts.queued_at = agenda_.now();
    ++open_;
    check_frames(record.job.id, record.job.frames, 0);
    note_turn(facts);
    if (!record.job.idempotency) return;
    if (!keys_.insert(orch::submission_id(record.job.owner, record.job.idempotency->key)).second) {
        verdict_.wrong("idempotency", fmt::format("two jobs under the key {}", record.job.idempotency->key));
    }
}

void Ledger::note_job(const orch::JobDispatched& record) {
    auto& facts = jobs_[record.job];
    const auto& id = record.job.str();
    if (facts.has_ended) return verdict_.wrong("one end", fmt::format("job {} was dispatched after its end", id));
    if (facts.runs) return verdict_.wrong("one attempt", fmt::format("job {} was dispatched while it ran", id));
    if (record.attempt != facts.attempt + 1) {
        return verdict_.wrong("attempt numbers",
                              fmt::format("attempt {} of job {} follows {}", record.attempt, id, facts.attempt));
    }
    facts.attempt = record.attempt;
    facts.runs = true;
    facts.is_taken_over = false;
    facts.worker = record.receipt.worker;
    if (!facts.dispatched_at) facts.dispatched_at = agenda_.now();
    const auto slots = slots_of(facts.worker);
    if (slots && running_at(facts.worker) > *slots) {
        verdict_.wrong("slots", fmt::format("{} jobs run at worker {} of {} slots", running_at(facts.worker),
                                            facts.worker.str(), *slots));
    }
}

void Ledger::note_job(const orch::JobProgressed& record) {
    auto& facts = jobs_[record.job];
    if (!facts.runs || facts.attempt != record.attempt) {
        return verdict_.wrong("fence", fmt::format("attempt {} of job {} was heard while {} is the newest",
                                                   record.attempt, record.job.str(), facts.attempt));
    }
    if (record.generated.value > std::exchange(facts.counted_tokens, record.generated.value)) facts.setbacks = 0;
    check_frames(record.job, record.frames, record.generated.value);
}

void Ledger::note_job(const orch::JobPostponed& record) {
    auto& facts = jobs_[record.job];
    ++facts.setbacks;
    facts.runs = false;
}

void Ledger::note_job(const orch::JobRequeued& record) {
    auto& facts = jobs_[record.job];
    if (facts.runs) verdict_.wrong("one attempt", fmt::format("job {} is queued while it runs", record.job.str()));
}

void Ledger::note_job(const orch::JobEnded& record) {
    auto& facts = jobs_[record.job];
    if (facts.has_ended) return verdict_.wrong("one end", fmt::format("job {} ended twice", record.job.str()));
    facts.has_ended = true;
    facts.runs = false;
    --open_;
    check_frames(record.job, record.frames, facts.tokens);
    note_spending(facts, record);
    check_end(record.job, record);
}

void Ledger::note_job(const orch::JobErased& record) {
    if (!jobs_[record.job.id].has_ended) verdict_.wrong("erasure", "a job was erased before its end");
}

/// Whether there is a reason for the end that it had.
void Ledger::check_end(const JobId& id, const orch::JobEnded& record) {
    const auto& facts = jobs_[id];
    if (record.outcome == TaskState::completed) return check_completed(id, record);
    const auto code = record.error ? record.error->code : ErrorCode::INTERNAL;
    const bool is_cut = facts.tokens != 0 && facts.answer && !facts.answer->is_continuable();
    bool is_fair = false;
    switch (record.outcome) {
        case TaskState::cancelled:
            is_fair = facts.is_cancelled || is_cancelled_with_session(facts);
            break;
        case TaskState::dead_letter:
            is_fair = facts.setbacks >= setbacks_of_dead_letter;
            break;
        default:
            is_fair = is_cut || code == ErrorCode::QUEUE_FULL_DROP_LRU ||
                      (code == ErrorCode::DEADLINE_UNMET && facts.job.deadline && record.at >= *facts.job.deadline);
    }
    if (is_fair) return;
    verdict_.wrong("fair end",
                   fmt::format("job {} ended as {} without a reason: {}", id.str(), reflect::name_of(record.outcome),
                               record.error ? record.error->message : ""));
}

void Ledger::check_completed(const JobId& id, const orch::JobEnded& record) {
    const auto& facts = jobs_[id];
    if (!facts.answer) return;
    if (facts.tokens != facts.answer->length()) {
        return verdict_.wrong("whole answer", fmt::format("job {} ended with {} of {} tokens", id.str(), facts.tokens,
                                                          facts.answer->length()));
    }
    if (record.usage != facts.answer->usage()) {
        verdict_.wrong("usage", fmt::format("the usage of job {} does not count the whole answer", id.str()));
    }
}

void Ledger::note_payload(const kernel::PayloadText& payload) {
    if (!payload.id.starts_with("job/")) return;
    const auto [id, what] = parts_of(payload.id);
    auto& facts = jobs_[id];
    if (what == "request") {
        const auto request = reflect::parse_json(payload.bytes);
        if (!request) return;
        facts.answer.emplace(request->get_object());
        facts.answer_max = request->get_object().at("max_tokens").to_number<std::uint64_t>();
        return;
    }
    if (!what.starts_with("frames/")) return;
    const auto stored = reflect::from_json_text<orch::StoredFrames>(payload.bytes);
    if (!stored) return verdict_.wrong("frames", fmt::format("frames of job {} are damaged", id.str()));
    if (stored->first != facts.frames.size() + 1) {
        return verdict_.wrong(
            "frames", fmt::format("frame {} of job {} follows {}", stored->first, id.str(), facts.frames.size()));
    }
    for (const auto& frame : stored->frames) {
        note_frame(id, facts, frame);
    }
    const auto first = facts.tokens - std::min<std::uint64_t>(stored->ids.size(), facts.tokens);
    for (std::size_t i = 0; facts.answer && i < stored->ids.size(); ++i) {
        if (stored->ids[i] == facts.answer->id(first + i)) continue;
        return verdict_.wrong("answer", fmt::format("the ids of job {} are not those of its answer", id.str()));
    }
}

/// Whether the frame goes on with the answer as it would be undisturbed.
void Ledger::note_frame(const JobId& id, JobFacts& facts, const orch::Frame& frame) {
    const bool is_over =
        !facts.frames.empty() && (facts.frames.back().event == "end" || facts.frames.back().event == "error");
    if (is_over) verdict_.wrong("one end", fmt::format("the stream of job {} goes on behind its end", id.str()));
    facts.frames.push_back(frame);
    if (frame.event != "token") return;
    const auto data = reflect::parse_json(frame.data);
    if (!data || !facts.answer) return;
    const auto& token = data->get_object();
    const auto* several = token.if_contains("n");
    const auto count = several == nullptr ? 1 : several->to_number<std::uint64_t>();
    std::string expected;
    for (std::uint64_t i = 0; i < count; ++i) {
        expected += facts.answer->text(facts.tokens + i);
    }
    if (token.at("i").to_number<std::uint64_t>() != facts.tokens || token.at("t").as_string() != expected) {
        verdict_.wrong("answer", fmt::format("token {} of job {} is not what an undisturbed answer has there",
                                             facts.tokens, id.str()));
    }
    facts.tokens += count;
}

void Ledger::check_frames(const JobId& id, std::uint64_t frames, std::uint64_t tokens) {
    const auto& facts = jobs_[id];
    if (facts.frames.size() == frames && facts.tokens == tokens) return;
    verdict_.wrong("frames", fmt::format("the records of job {} count {} frames and {} tokens, {} and {} are stored",
                                         id.str(), frames, tokens, facts.frames.size(), facts.tokens));
}

/// Rows and records must tell the same.
void Ledger::compare(const std::vector<kernel::EntityRow>& rows, const std::vector<kernel::EntityRow>& written) {
    if (rows != written) {
        const auto id = written.empty() ? std::string("none") : written.front().id;
        verdict_.wrong("rows", fmt::format("the row of {} is not what the records lead to", id));
    }
}

}  // namespace rbees::simulation
