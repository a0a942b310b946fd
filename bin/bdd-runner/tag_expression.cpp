#include "tag_expression.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace rbees::bdd {
namespace {

constexpr int depth_max = 32;  // of parentheses and `not`

using Parsed = std::expected<TagFilter, std::string>;

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) words.push_back(std::exchange(word, {}));
    };
    for (const char character : text) {
        const bool is_bracket = character == '(' || character == ')';
        if (is_bracket || character == ' ' || character == '\t') end_word();
        if (is_bracket) words.emplace_back(1, character);
        if (!is_bracket && character != ' ' && character != '\t') word += character;
    }
    end_word();
    return words;
}

class Reader {
  public:
    explicit Reader(std::vector<std::string> words) : words_(std::move(words)) {}

    Parsed read_all() {
        auto whole = read_or(0);
        if (whole && next_ < words_.size()) {
            return std::unexpected(fmt::format("expected \"and\" or \"or\" before \"{}\"", words_[next_]));
        }
        return whole;
    }

  private:
    Parsed read_or(int depth) {
        auto left = read_and(depth);
        while (left && take("or")) {
            auto right = read_and(depth);
            if (!right) return right;
            left = [a = std::move(*left), b = std::move(*right)](const auto& tags) { return a(tags) || b(tags); };
        }
        return left;
    }

    Parsed read_and(int depth) {
        auto left = read_one(depth);
        while (left && take("and")) {
            auto right = read_one(depth);
            if (!right) return right;
            left = [a = std::move(*left), b = std::move(*right)](const auto& tags) { return a(tags) && b(tags); };
        }
        return left;
    }

    Parsed read_one(int depth) {
        if (depth > depth_max) return std::unexpected(fmt::format("nested more than {} deep", depth_max));
        if (take("not")) {
            auto inner = read_one(depth + 1);
            if (!inner) return inner;
            return [inner = std::move(*inner)](const auto& tags) { return !inner(tags); };
        }
        if (take("(")) {
            auto inner = read_or(depth + 1);
            if (inner && !take(")")) return std::unexpected(std::string("a \")\" is missing"));
            return inner;
        }
        if (next_ >= words_.size()) return std::unexpected(std::string("a tag is missing at the end"));
        const auto& word = words_[next_++];
        if (word.size() < 2 || word.front() != '@') {
            return std::unexpected(fmt::format("expected a tag such as @slow, not \"{}\"", word));
        }
        return [word](const auto& tags) { return std::ranges::find(tags, word) != tags.end(); };
    }

    bool take(std::string_view word) {
        if (next_ >= words_.size() || words_[next_] != word) return false;
        ++next_;
        return true;
    }

    std::vector<std::string> words_;
    std::size_t next_ = 0;
};

}  // namespace

std::expected<TagFilter, std::string> parse_tag_expression(std::string_view text) {
    auto words = split_words(text);
    if (words.empty()) return [](const auto&) { return true; };
    return Reader(std::move(words)).read_all();
}

}  // namespace rbees::bdd
