#include "resident_memory.hpp"

#include <unistd.h>

#include <cstdint>
#include <string>

#include "rbees/base/files.hpp"
#include "rbees/base/numbers.hpp"

namespace rbees::workerd {

std::optional<Bytes> resident_memory() {
    const auto status = read_file("/proc/self/statm", kibibytes(4));
    if (!status) return std::nullopt;
    const auto first_end = status->find(' ');
    if (first_end == std::string::npos) return std::nullopt;
    const auto rest = std::string_view(*status).substr(first_end + 1);
    const auto pages = parse_whole<std::uint64_t>(rest.substr(0, rest.find(' ')));
    if (!pages) return std::nullopt;
    return Bytes(*pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace rbees::workerd
