#include "rbees/base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "rbees/base/assert.hpp"
#include "utf8_sequence.hpp"

namespace rbees {
namespace {

struct Lead {
    std::size_t length;        ///< of the whole character; 0 if none starts so
    unsigned char second_min;  ///< the second byte's range shuts out overlong forms, surrogates, and > U+10FFFF
    unsigned char second_max;
};

Lead lead_of(unsigned char first) {
    if (first < 0x80) return {1, 0, 0};
    if (first < 0xc2) return {0, 0, 0};
    if (first < 0xe0) return {2, 0x80, 0xbf};
    if (first < 0xf0)
        return {3, first == 0xe0 ? static_cast<unsigned char>(0xa0) : static_cast<unsigned char>(0x80),
                first == 0xed ? static_cast<unsigned char>(0x9f) : static_cast<unsigned char>(0xbf)};
    if (first < 0xf5)
        return {4, first == 0xf0 ? static_cast<unsigned char>(0x90) : static_cast<unsigned char>(0x80),
                first == 0xf4 ? static_cast<unsigned char>(0x8f) : static_cast<unsigned char>(0xbf)};
    return {0, 0, 0};
}

constexpr std::size_t character_bytes_max = 4;

/// Bytes of whole words at the front that are all ASCII, as most text is.
std::size_t ascii_words(std::string_view bytes) {
    constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080;
    std::size_t count = 0;
    for (std::uint64_t word = 0; bytes.size() - count >= sizeof word; count += sizeof word) {
        std::memcpy(&word, bytes.data() + count, sizeof word);
        if ((word & high_bits) != 0) break;
    }
    return count;
}

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

Utf8Sequence first_utf8_sequence(std::string_view bytes) {
    const auto lead = lead_of(static_cast<unsigned char>(bytes.front()));
    if (lead.length == 0) return {Utf8State::invalid, 1};
    const auto present = std::min(lead.length, bytes.size());
    for (std::size_t at = 1; at < present; ++at) {
        const auto byte = static_cast<unsigned char>(bytes[at]);
        const auto min = at == 1 ? lead.second_min : 0x80;
        const auto max = at == 1 ? lead.second_max : 0xbf;
        if (byte < min || max < byte) return {Utf8State::invalid, at};
    }
    return {present == lead.length ? Utf8State::complete : Utf8State::incomplete, present};
}

bool is_valid_utf8(std::string_view bytes) {
    while (true) {
        bytes.remove_prefix(ascii_words(bytes));
        if (bytes.empty()) return true;
        const auto sequence = first_utf8_sequence(bytes);
        if (sequence.state != Utf8State::complete) return false;
        bytes.remove_prefix(sequence.length);
    }
}

std::string to_valid_utf8(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    while (!bytes.empty()) {
        const auto sequence = first_utf8_sequence(bytes);
        text += sequence.state == Utf8State::complete ? bytes.substr(0, sequence.length) : "\ufffd";
        bytes.remove_prefix(sequence.length);
    }
    return text;
}

std::size_t complete_utf8_prefix(std::string_view bytes) {
    const auto lookback = std::min(bytes.size(), character_bytes_max - 1);
    for (std::size_t tail = 1; tail <= lookback; ++tail) {
        const auto start = bytes.size() - tail;
        if (is_continuation(bytes[start])) continue;
        const auto sequence = first_utf8_sequence(bytes.substr(start));
        return sequence.state == Utf8State::incomplete ? start : bytes.size();
    }
    return bytes.size();
}

std::string shortened(std::string text, std::size_t bytes_max) {
    constexpr std::string_view mark = "...";
    if (text.size() <= bytes_max) return text;
    RBEES_ASSERT(bytes_max >= mark.size());
    text.resize(complete_utf8_prefix(std::string_view(text).substr(0, bytes_max - mark.size())));
    return text.append(mark);
}

}  // namespace rbees
