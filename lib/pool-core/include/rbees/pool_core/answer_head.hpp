#pragma once
/// @file
/// The heads that `curl --include` or `--dump-header` writes: one for each answer, redirects and proxies first.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rbees::pool {

/// What an answer's head says about the file behind it.
struct AnswerHead {
    int status = 0;
    std::optional<std::uint64_t> total;    ///< of the whole file
    std::optional<std::string> validator;  ///< a strong ETag; weak ones say nothing about bytes

    bool operator==(const AnswerHead&) const = default;
};

/// Heads together are at most this long; a longer one is no head.
inline constexpr std::size_t answer_heads_bytes_max = 256 << 10;

/// The head of the answer that counts, and the bytes before its body. Nothing while the bytes do not hold it whole:
/// informational answers, redirects and a proxy's answer to CONNECT are followed by another head.
struct FoundHead {
    AnswerHead head;
    std::size_t bytes = 0;
};
[[nodiscard]] std::optional<FoundHead> find_final_head(std::string_view bytes);

}  // namespace rbees::pool
