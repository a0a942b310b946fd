#include "sim_text.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "rbees/base/utf8.hpp"

namespace rbees::engine {
namespace {

constexpr std::size_t piece_bytes = 3;
constexpr std::int32_t spaced = 1 << 12;  ///< added to a word's id when a space comes before it

constexpr std::array<std::string_view, 128> words = {
    "the",  "a",     "of",    "and",    "to",     "in",    "is",      "it",    "that",  "was",   "for",     "on",
    "are",  "with",  "as",    "his",    "they",   "be",    "at",      "one",   "have",  "this",  "from",    "or",
    "had",  "by",    "hot",   "but",    "some",   "what",  "there",   "we",    "can",   "out",   "other",   "were",
    "all",  "your",  "when",  "up",     "use",    "word",  "how",     "said",  "an",    "each",  "she",     "which",
    "do",   "their", "time",  "if",     "will",   "way",   "about",   "many",  "then",  "them",  "would",   "write",
    "like", "so",    "these", "her",    "long",   "make",  "thing",   "see",   "him",   "two",   "has",     "look",
    "more", "day",   "could", "go",     "come",   "did",   "my",      "sound", "no",    "most",  "number",  "who",
    "over", "know",  "water", "than",   "call",   "first", "people",  "may",   "down",  "side",  "been",    "now",
    "find", "bee",   "hive",  "honey",  "garden", "river", "house",   "quiet", "green", "light", "morning", "work",
    "road", "stone", "small", "great",  "name",   "very",  "through", "just",  "form",  "sea",   "think",   "say",
    "help", "low",   "line",  "before", "turn",   "cause", "same",    "mean"};

std::int32_t id_of_word(std::string_view word) {
    static const auto ids = [] {
        std::unordered_map<std::string_view, std::int32_t> map;
        for (std::size_t i = 0; i < words.size(); ++i)
            map.emplace(words[i], static_cast<std::int32_t>(i + 1));
        return map;
    }();
    const auto found = ids.find(word);
    return found == ids.end() ? 0 : found->second;
}

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::int32_t id_of_piece(std::string_view bytes) {
    std::uint32_t id = static_cast<std::uint32_t>(bytes.size()) << 24;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        id |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return static_cast<std::int32_t>(id);
}

/// The bytes of the next token that is no word: they end before a space and, where possible, between characters.
std::string_view next_piece(std::string_view text) {
    auto piece = text.substr(0, piece_bytes);
    if (const auto space = piece.find(' ', 1); space != std::string_view::npos) piece = piece.substr(0, space);
    if (const auto whole = complete_utf8_prefix(piece); whole > 0) piece = piece.substr(0, whole);
    return piece;
}

std::uint64_t mix(std::uint64_t value) {  // the finaliser of SplitMix64 (Steele, Lea, Flood 2014)
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

}  // namespace

TokenIdList sim_encode(std::string_view text) {
    TokenIdList ids;
    while (!text.empty()) {
        const std::size_t start = text.front() == ' ' ? 1 : 0;
        std::size_t end = start;
        while (end < text.size() && is_letter(text[end]))
            ++end;
        if (const auto id = id_of_word(text.substr(start, end - start)); id != 0) {
            ids.push_back(id + (start == 1 ? spaced : 0));
            text.remove_prefix(end);
            continue;
        }
        const auto piece = next_piece(text);
        ids.push_back(id_of_piece(piece));
        text.remove_prefix(piece.size());
    }
    return ids;
}

std::string sim_piece(std::int32_t id) {
    const auto bits = static_cast<std::uint32_t>(id);
    const std::size_t size = bits >> 24;
    if (size > 0 && size <= piece_bytes) {
        std::string bytes;
        for (std::size_t i = 0; i < size; ++i)
            bytes.push_back(static_cast<char>(bits >> (8 * i) & 0xff));
        return bytes;
    }
    const bool has_space = id > spaced;
    const auto word = static_cast<std::size_t>(has_space ? id - spaced : id);
    if (id <= 0 || word == 0 || word > words.size()) return {};
    return (has_space ? " " : "") + std::string(words[word - 1]);
}

std::string sim_decode(std::span<const std::int32_t> ids) {
    std::string text;
    for (const auto id : ids)
        text += sim_piece(id);
    return text;
}

std::uint64_t sim_hash(std::uint64_t seed, std::span<const std::int32_t> ids) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ mix(seed);
    for (const auto id : ids)
        hash = (hash ^ static_cast<std::uint32_t>(id)) * 0x100000001b3ULL;
    return mix(hash);
}

std::int32_t sim_word(std::uint64_t key, std::size_t index) {
    constexpr std::size_t sentence = 9;
    if (index % sentence == sentence - 1) return id_of_piece(".");
    const auto word = static_cast<std::int32_t>(mix(key + 0x9e3779b97f4a7c15ULL * (index + 1)) % words.size()) + 1;
    return index == 0 ? id_of_word(words[static_cast<std::size_t>(word) - 1]) : word + spaced;
}

std::size_t sim_length(std::uint64_t key) {
    return 24 + mix(~key) % 40;
}

}  // namespace rbees::engine
