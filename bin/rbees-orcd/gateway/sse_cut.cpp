#include "gateway/sse_cut.hpp"

namespace rbees::orcd {

std::string SseCut::pass(std::string bytes) {
    // Nearly always the bytes are whole events: then they pass without a copy.
    if (held_.empty() && bytes.ends_with("\n\n")) return bytes;
    held_ += bytes;
    if (held_.size() > event_bytes_max) return std::exchange(held_, {});
    const auto end = held_.rfind("\n\n");
    if (end == std::string::npos) return {};
    auto whole = held_.substr(0, end + 2);
    held_.erase(0, end + 2);
    return whole;
}

}  // namespace rbees::orcd
