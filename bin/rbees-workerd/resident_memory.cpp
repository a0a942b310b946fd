#include "resident_memory.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string>

#include "rbees/base/files.hpp"

namespace rbees::workerd {

std::optional<Bytes> resident_memory() {
    const auto status = read_file("/proc/self/statm", kibibytes(4));
    if (!status) return std::nullopt;
    const auto space = status->find(' ');
    if (space == std::string::npos) return std::nullopt;
    std::uint64_t pages = 0;
    const auto* begin = status->data() + space + 1;
    const auto [end, error] = std::from_chars(begin, status->data() + status->size(), pages);
    if (error != std::errc{} || end == begin) return std::nullopt;
    return Bytes(pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace rbees::workerd
