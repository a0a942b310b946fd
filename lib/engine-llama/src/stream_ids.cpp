#include "stream_ids.hpp"

#include <algorithm>

namespace rbees::engine {

PieceTable::PieceTable(std::size_t vocabulary, const Piece& piece) {
    for (std::size_t i = 0; i < vocabulary; ++i) {
        const auto id = static_cast<TokenId32>(i);
        auto bytes = piece(id);
        if (!bytes.empty() && bytes.size() <= longest_piece) ids_.emplace(std::move(bytes), id);
    }
}

std::optional<std::vector<TokenId32>> PieceTable::split(std::string_view bytes, std::size_t count) const {
    if (count == 0 || count > longest_piece || bytes.size() < count || bytes.size() > longest_gap) return std::nullopt;
    if (count == 1) {
        const auto found = ids_.find(std::string(bytes));
        if (found == ids_.end()) return std::nullopt;
        return std::vector{found->second};
    }
    // Longest first, as tokenizers merge; what is left must still hold one byte for each other token.
    const auto most = std::min(longest_piece, bytes.size() - (count - 1));
    for (std::size_t size = most; size > 0; --size) {
        const auto found = ids_.find(std::string(bytes.substr(0, size)));
        if (found == ids_.end()) continue;
        auto rest = split(bytes.substr(size), count - 1);
        if (!rest) continue;
        rest->insert(rest->begin(), found->second);
        return rest;
    }
    return std::nullopt;
}

void StreamIds::take(TokenId32 id, std::size_t generated, std::string_view text) {
    if (generated > seen_ + 1) {
        if (gap_) complete_ = false;  // a second gap before the first one's text came
        gap_ = Gap{.place = waiting_.size(), .count = generated - seen_ - 1};
    }
    seen_ = generated;
    waiting_.push_back(id);
    if (gap_) {
        if (!text.empty()) fill_gap(text);
        return;
    }
    hidden_ += piece_(id);
    hidden_.erase(0, std::min(hidden_.size(), text.size()));
}

/// The text is: hidden bytes from before the gap, the missing bytes, the bytes of the ids after it.
void StreamIds::fill_gap(std::string_view text) {
    std::size_t after = 0;
    for (auto i = gap_->place; i < waiting_.size(); ++i)
        after += piece_(waiting_[i]).size();
    const auto known = hidden_.size() + after;
    const auto missing = text.size() > known ? text.substr(hidden_.size(), text.size() - known) : std::string_view{};
    if (const auto ids = table_().split(missing, gap_->count)) {
        waiting_.insert(waiting_.begin() + static_cast<std::ptrdiff_t>(gap_->place), ids->begin(), ids->end());
    } else {
        complete_ = false;
    }
    hidden_.clear();
    gap_.reset();
}

/// How many of the first `end` waiting ids have text that arrived. A stop string may cut the text of the last one.
std::size_t StreamIds::shown(std::size_t end) const {
    auto hidden = hidden_.size();
    while (end > 0 && hidden > 0) {
        const auto size = piece_(waiting_[end - 1]).size();
        if (size > hidden) break;
        hidden -= size;
        --end;
    }
    return end;
}

StreamIds::Ready StreamIds::drain() {
    const auto end = shown(gap_ ? gap_->place : waiting_.size());
    Ready ready{.first = drained_, .ids = {waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(end)}};
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(end));
    if (gap_) gap_->place -= end;
    drained_ += end;
    return ready;
}

}  // namespace rbees::engine
