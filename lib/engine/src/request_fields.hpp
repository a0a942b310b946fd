#pragma once
/// @file
/// Typed reads of a JSON object that remember the first thing that was wrong.

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rbees/engine/api_error.hpp"

namespace rbees::engine {

/// The number as a whole one, also of `1.0`; nothing if it has a fraction, does not fit, or is no number. Boost.JSON's
/// own `to_number` is undefined for the floating-point number 2^63.
[[nodiscard]] std::optional<std::int64_t> whole_number(const boost::json::value& value);

/// Borrows the object. After all reads, `error()` tells whether one of them failed; values read after that mean
/// nothing.
class Fields {
  public:
    explicit Fields(const boost::json::object& object) : object_(object) {}

    /// The member, or null pointer if it is absent or null.
    [[nodiscard]] const boost::json::value* find(std::string_view name) const;

    [[nodiscard]] bool flag(std::string_view name);
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
    void number(std::string_view name, double least, double most);

    /// Records a refusal unless there is one already.
    void refuse(std::string_view name, std::string message);

    [[nodiscard]] const std::optional<ApiError>& error() const { return error_; }

  private:
    const boost::json::object& object_;
    std::optional<ApiError> error_;
};

}  // namespace rbees::engine
