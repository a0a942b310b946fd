#include "sim_source.hpp"

#include <algorithm>
#include <utility>

#include "rbees/base/assert.hpp"
#include "sim_text.hpp"

namespace rbees::engine {

TokenSource TokenSource::words(std::uint64_t key, std::size_t count) {
    TokenSource source;
    source.key_ = key;
    source.size_ = count;
    return source;
}

TokenSource TokenSource::exactly(TokenIdList ids) {
    TokenSource source;
    source.size_ = ids.size();
    source.ids_ = std::move(ids);
    return source;
}

void TokenSource::limit(std::size_t most) {
    size_ = std::min(size_, most);
}

std::int32_t TokenSource::at(std::size_t place) const {
    RBEES_ASSERT(place < size_);
    return ids_.empty() ? sim_word(key_, place) : ids_[place];
}

std::size_t common_prefix(const HeldTokens& held, std::span<const std::int32_t> prompt) {
    const auto shared = std::ranges::mismatch(held.prompt, prompt);
    auto length = static_cast<std::size_t>(shared.in1 - held.prompt.begin());
    if (length < held.prompt.size()) return length;
    const auto most = std::min(prompt.size(), held.prompt.size() + held.made);
    while (length < most && prompt[length] == held.answer.at(length - held.prompt.size()))
        ++length;
    return length;
}

}  // namespace rbees::engine
