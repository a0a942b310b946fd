#pragma once
/// @file
/// A journal in memory: the test says when each batch is on disk, and when there is no space.

#include <cstddef>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "rbees/kernel/journal_port.hpp"

namespace rbees::kernel {

/// Rows by kind and id, as the store's table would hold them.
using RowTable = std::map<std::pair<std::string, std::string>, EntityRow>;

/// Writes a row into the table, or takes an erased one out of it.
inline void put_row(RowTable& table, const EntityRow& row) {
    const std::pair key(row.kind, row.id);
    if (row.phase == RowPhase::erased) {
        table.erase(key);
    } else {
        table.insert_or_assign(key, row);
    }
}

class FakeJournal : public JournalPort {
  public:
    [[nodiscard]] std::expected<void, JournalRefusal> admits(Urgency urgency) const override {
        const auto found = refusals_.find(urgency);
        if (found != refusals_.end()) return std::unexpected(found->second);
        return {};
    }

    void append(JournalBatch batch, std::function<void()> durable) override {
        batches_.push_back(std::move(batch));
        waiting_.push_back(std::move(durable));
    }

    /// From now on batches of this urgency are refused so.
    void refuse(Urgency urgency, JournalRefusal refusal) { refusals_[urgency] = refusal; }

    /// The oldest batch that was not yet is on disk now.
    void sync_one() {
        auto durable = std::move(waiting_.at(durable_));
        ++durable_;
        durable();
    }

    /// Every batch is on disk now, those included that this leads to.
    void sync_all() {
        while (durable_ < waiting_.size()) {
            sync_one();
        }
    }

    [[nodiscard]] const std::vector<JournalBatch>& batches() const { return batches_; }
    [[nodiscard]] std::size_t durable() const { return durable_; }

    /// What the batches leave in the store.
    [[nodiscard]] RowTable rows() const {
        RowTable table;
        for (const auto& batch : batches_) {
            for (const auto& row : batch.entities) {
                put_row(table, row);
            }
        }
        return table;
    }

  private:
    std::map<Urgency, JournalRefusal> refusals_;
    std::vector<JournalBatch> batches_;
    std::vector<std::function<void()>> waiting_;
    std::size_t durable_ = 0;
};

/// A journal that has each batch on disk before `append` returns.
class ImmediateJournal final : public FakeJournal {
  public:
    void append(JournalBatch batch, std::function<void()> durable) override {
        FakeJournal::append(std::move(batch), std::move(durable));
        sync_one();
    }
};

}  // namespace rbees::kernel
