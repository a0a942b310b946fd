#pragma once
/// @file
/// A store of memory, which outlives the control that writes to it.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rbees/control/archive.hpp"
#include "rbees/kernel/records.hpp"
#include "rbees/orchestrator_core/jobs.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::control {

/// What is on disk. A batch counts when it is committed, at once or when the test says so.
class MemoryStore : public kernel::JournalPort, public Archive {
  public:
    [[nodiscard]] std::expected<void, kernel::JournalRefusal> admits(kernel::Urgency urgency) const override {
        if (full_for && urgency <= *full_for) return std::unexpected(kernel::JournalRefusal::full);
        return {};
    }
    void append(kernel::JournalBatch batch, std::function<void()> durable) override {
        waiting_.emplace_back(std::move(batch), std::move(durable));
        if (!is_slow) commit();
    }

    /// Everything that was written so far is on disk.
    void commit() {
        while (!waiting_.empty()) {
            auto [batch, durable] = std::move(waiting_.front());
            waiting_.pop_front();
            write(batch);
            durable();
        }
    }

    /// The process died: what was not committed never was.
    void crash() { waiting_.clear(); }

    /// As recovery finds it.
    [[nodiscard]] kernel::State recovered() const {
        kernel::State state;
        for (const auto& [key, row] : rows) {
            if (row.phase == kernel::RowPhase::live) EXPECT_TRUE(restore_row(state, row.kind, row.json));
        }
        return state;
    }

    Result<std::optional<orchestrator::Job>> job(const JobId& id) override {
        const auto found = rows.find({"job", id.str()});
        if (found == rows.end()) return std::nullopt;
        return reflect::from_json_text<orchestrator::Job>(found->second.json).value();
    }
    Result<std::optional<JobId>> submitted(const std::string& submission) override {
        for (const auto& [key, row] : rows) {
            if (key.first != "job") continue;
            const auto job = reflect::from_json_text<orchestrator::Job>(row.json).value();
            if (job.idempotency && orchestrator::submission_id(job.owner, job.idempotency->key) == submission) {
                return job.id;
            }
        }
        return std::nullopt;
    }
    Result<std::optional<std::string>> request(const JobId& id) override {
        return text(orchestrator::request_payload(id));
    }
    Result<std::optional<contracts::ExecutionStart>> start(const JobId& id) override {
        const auto found = text(orchestrator::start_payload(id));
        if (!found) return std::nullopt;
        return reflect::from_json_text<contracts::ExecutionStart>(*found).value();
    }
    Result<std::vector<orchestrator::StoredFrames>> frames(const JobId& id, std::uint64_t from) override {
        std::vector<orchestrator::StoredFrames> pieces;
        for (const auto& [name, bytes] : texts) {
            if (!name.starts_with(orchestrator::frames_prefix(id))) continue;
            auto piece = reflect::from_json_text<orchestrator::StoredFrames>(bytes).value();
            if (piece.first + piece.frames.size() > from) pieces.push_back(std::move(piece));
        }
        return pieces;
    }
    Result<std::vector<orchestrator::Job>> ended_before(WallTime time, std::size_t limit) override {
        std::vector<orchestrator::Job> jobs;
        for (const auto& [key, row] : rows) {
            if (key.first != "job") continue;
            auto one = reflect::from_json_text<orchestrator::Job>(row.json).value();
            if (one.ended_at && !one.erased && *one.ended_at <= time) jobs.push_back(std::move(one));
        }
        std::ranges::sort(jobs, {}, [](const auto& one) { return std::pair(one.ended_at, one.id); });
        if (jobs.size() > limit) jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(limit), jobs.end());
        return jobs;
    }

    bool is_slow = false;
    std::optional<kernel::Urgency> full_for;  ///< batches up to this urgency are refused
    std::map<std::pair<std::string, std::string>, kernel::EntityRow> rows;
    std::map<std::string, std::string> texts;

  private:
    void write(kernel::JournalBatch& batch) {
        for (auto& row : batch.entities) {
            rows.insert_or_assign({row.kind, row.id}, row);
        }
        for (auto& payload : batch.payloads) {
            texts.insert_or_assign(payload.id, std::move(payload.bytes));
        }
        for (const auto& prefix : batch.erased) {
            std::erase_if(texts, [&](const auto& entry) { return entry.first.starts_with(prefix); });
        }
    }
    [[nodiscard]] std::optional<std::string> text(const std::string& id) const {
        const auto found = texts.find(id);
        return found == texts.end() ? std::nullopt : std::optional(found->second);
    }

    std::deque<std::pair<kernel::JournalBatch, std::function<void()>>> waiting_;
};

}  // namespace rbees::control
