#pragma once
/// @file
/// The words of a step with gaps: `I run {string}`, `it exits with {int}`, `the process {word} is killed`.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rbees::bdd {

/// `{string}` is a text in double quotes (\" inside), `{int}` digits with an optional sign, `{word}` no white space.
class Pattern {
  public:
    explicit Pattern(std::string text) : text_(std::move(text)) {}

    /// What filled the gaps, in order; nothing if the words differ.
    [[nodiscard]] std::optional<std::vector<std::string>> match(std::string_view step) const;

    [[nodiscard]] const std::string& text() const { return text_; }

    /// A pattern that would match this step: quoted texts and numbers become gaps.
    [[nodiscard]] static std::string suggest(std::string_view step);

  private:
    std::string text_;
};

}  // namespace rbees::bdd
