#include "store/recovery.hpp"

#include "rbees/kernel/records.hpp"

namespace rbees::orcd {

Result<kernel::State> recover(store::Reader& reader) {
    kernel::State state;
    for (const auto kind : kernel::entity_kinds) {
        const auto rows = reader.live_entities(kind);
        if (!rows) return std::unexpected(rows.error());
        for (const auto& row : *rows) {
            if (auto restored = kernel::restore_row(state, kind, row.entity.json); !restored) {
                return std::unexpected(restored.error());
            }
        }
    }
    return state;
}

}  // namespace rbees::orcd
