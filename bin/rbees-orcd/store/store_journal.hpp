#pragma once
/// @file
/// The store behind the kernel's journal port. Commits are reported by the journal thread and handed to the control
/// loop.

#include <functional>
#include <memory>

#include "rbees/kernel/journal_port.hpp"
#include "rbees/net/task.hpp"
#include "rbees/store/journal.hpp"

namespace rbees::orcd {

/// Used on the control thread. Both arguments must outlive it.
class StoreJournal : public kernel::JournalPort {
  public:
    StoreJournal(store::Journal& journal, net::IoContext& control) : journal_(journal), control_(control) {}

    [[nodiscard]] std::expected<void, kernel::JournalRefusal> admits(kernel::Urgency urgency) const override;
    void append(kernel::JournalBatch batch, std::function<void()> durable) override;

  private:
    store::Journal& journal_;
    net::IoContext& control_;
};

}  // namespace rbees::orcd
