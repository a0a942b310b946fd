#include "sim_output.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "rbees/base/utf8.hpp"
#include "sim_text.hpp"

namespace rbees::engine {

OutputReader::OutputReader(TokenSource source, std::vector<std::string> stops)
    : source_(std::move(source)), stops_(std::move(stops)) {
    for (const auto& stop : stops_)
        longest_stop_ = std::max(longest_stop_, stop.size());
}

std::optional<OutputToken> OutputReader::next() {
    if (next_ == source_.size() || swallow_ == 0U) return std::nullopt;
    const auto id = source_.at(next_++);
    const auto piece = sim_piece(id).size();
    if (swallow_) {
        *swallow_ -= std::min(*swallow_, piece);
        return OutputToken{id, {}};
    }
    look_ahead(piece);
    unfinished_ += visible_part(piece);
    ahead_.erase(0, piece);
    const auto whole = complete_utf8_prefix(unfinished_);
    OutputToken token{id, unfinished_.substr(0, whole)};
    unfinished_.erase(0, whole);
    return token;
}

std::string OutputReader::skip(std::size_t count) {
    std::string text;
    for (; count > 0; --count) {
        const auto token = next();
        if (!token) break;
        text += token->text;
    }
    return text;
}

/// Reads on until every stop string that begins in the next `piece` bytes is in sight.
void OutputReader::look_ahead(std::size_t piece) {
    const auto wanted = piece + (longest_stop_ == 0 ? 0 : longest_stop_ - 1);
    while (ahead_.size() < wanted && seen_ < source_.size())
        ahead_ += sim_piece(source_.at(seen_++));
}

/// The text of the next token up to the first stop string that begins in it.
std::string OutputReader::visible_part(std::size_t piece) {
    auto first = piece;
    for (const auto& stop : stops_) {
        const auto found = std::string_view(ahead_).substr(0, piece + stop.size() - 1).find(stop);
        if (found >= first) continue;
        first = found;
        swallow_ = found + stop.size() - std::min(piece, found + stop.size());
    }
    return ahead_.substr(0, first);
}

}  // namespace rbees::engine
