#include "control.hpp"

#include <sstream>

namespace rbees::faults {
namespace {

/// A number and nothing else.
std::optional<std::uint64_t> read_number(std::istream& words) {
    std::string word;
    if (!(words >> word) || word.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    constexpr std::size_t digits_max = 18;
    if (word.size() > digits_max) return std::nullopt;
    return std::stoull(word);
}

/// NUMBER, or NUMBER lasting.
bool read_strike(std::istream& words, Strike& strike) {
    const auto at = read_number(words);
    std::string lasting;
    words >> lasting;
    if (!at || *at == 0 || (!lasting.empty() && lasting != "lasting")) return false;
    strike = {*at, !lasting.empty()};
    return true;
}

bool read_fault(const std::string& name, std::istream& words, Faults& faults) {
    if (name == "write-error") return read_strike(words, faults.write_error);
    if (name == "fsync-error") return read_strike(words, faults.sync_error);
    if (name == "read-only" || name == "lie") {
        (name == "lie" ? faults.is_lying : faults.is_read_only) = true;
        return true;
    }
    const auto number = read_number(words);
    if (!number) return false;
    if (name == "slow") faults.slow = std::chrono::milliseconds(*number);
    if (name == "seed") faults.seed = static_cast<std::uint32_t>(*number);
    if (name == "cut-at-sync") faults.cut_at_sync = *number;
    if (name == "full" || name == "quota") {
        faults.room = *number;
        faults.is_quota = name == "quota";
        return true;
    }
    return name == "slow" || name == "seed" || name == "cut-at-sync";
}

}  // namespace

std::expected<Faults, std::string> parse_faults(std::string_view text) {
    Faults faults;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        if (!(words >> name)) continue;
        std::string rest;
        if (!read_fault(name, words, faults) || words >> rest) return std::unexpected("\"" + line + "\" is no fault");
    }
    return faults;
}

}  // namespace rbees::faults
