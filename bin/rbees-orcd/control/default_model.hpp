#pragma once
/// @file
/// Which model is meant where none is named.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "settings.hpp"

namespace rbees::orcd {

/// The option `models.default`; else what the last `rbees up MODEL` of this home named (state/up.json); else none, and
/// the catalogue's preference decides among the models on disk. Asked for each picture of the fleet, so the file is
/// read only when it is another one than before.
class DefaultModel {
  public:
    explicit DefaultModel(const Settings& settings);

    /// Empty for none.
    [[nodiscard]] std::string now();

  private:
    /// Tells one content of the file from the next: it is written anew and renamed into its place.
    struct Stamp {
        ino_t inode = 0;
        std::int64_t changed_s = 0;
        std::int64_t changed_ns = 0;

        bool operator==(const Stamp&) const = default;
    };

    [[nodiscard]] std::optional<Stamp> look() const;

    std::string configured_;
    std::filesystem::path file_;
    std::optional<Stamp> seen_;
    std::string kept_;
};

}  // namespace rbees::orcd
