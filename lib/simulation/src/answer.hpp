#pragma once
/// @file
/// What a request is answered with when nothing goes wrong. Workers generate it; the checks know it.

#include <cstdint>
#include <string>

#include "rbees/base/units.hpp"
#include "rbees/contracts/executions.hpp"
#include "rbees/reflect/json.hpp"

namespace rbees::simulation {

/// Every token follows from the request's text and seed. A value.
class PlannedAnswer {
  public:
    explicit PlannedAnswer(const reflect::json::object& request);

    [[nodiscard]] std::uint64_t length() const { return length_; }
    [[nodiscard]] std::int32_t id(std::uint64_t index) const;
    [[nodiscard]] std::string text(std::uint64_t index) const;
    [[nodiscard]] contracts::Usage usage() const;
    [[nodiscard]] std::string stop_reason() const { return length_ == tokens_max_ ? "length" : "stop"; }
    [[nodiscard]] std::uint32_t seed() const { return seed_; }

    /// Whether another worker can go on with it. Some requests are of a kind where none can.
    [[nodiscard]] bool is_continuable() const { return is_continuable_; }

    static constexpr std::uint64_t prompt_tokens = 7;

    /// A text with this word in it cannot be continued.
    static constexpr std::string_view whole_word = "whole";

  private:
    std::uint64_t key_ = 0;
    std::uint64_t tokens_max_ = 0;
    std::uint64_t length_ = 0;
    std::uint32_t seed_ = 0;
    bool is_continuable_ = true;
};

}  // namespace rbees::simulation
