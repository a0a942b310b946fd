#pragma once
/// @file
/// Reads the query of a request, parameter by parameter, so that every list refuses in the same words.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rbees/base/time.hpp"
#include "rbees/contracts/faults.hpp"
#include "rbees/net/message.hpp"

namespace rbees::orcd {

template <class T>
using Read = std::expected<T, contracts::Problem>;

/// Keeps the faults of all parameters, for one answer. A parameter that is absent or wrong is read as nothing. The
/// request must outlive it.
class QueryReader {
  public:
    explicit QueryReader(const net::Request& request) : request_(request) {}

    /// Any text but none.
    [[nodiscard]] std::optional<std::string> text(std::string_view name);

    /// A whole number from `low` to `high`.
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t low, std::uint64_t high);

    /// A time of RFC 3339.
    [[nodiscard]] std::optional<WallTime> time(std::string_view name);

    /// What a caller found wrong with a parameter itself: the end of a sentence that begins with its name.
    void fault(std::string_view name, std::string what);

    /// What was read, if nothing was wrong; else INVALID_PARAMS, which names everything that was.
    template <class T>
    [[nodiscard]] Read<T> done(T read) const {
        if (errors_.empty()) return read;
        return std::unexpected(contracts::invalid("query", errors_));
    }

  private:
    const net::Request& request_;
    reflect::FieldErrors errors_;
};

}  // namespace rbees::orcd
