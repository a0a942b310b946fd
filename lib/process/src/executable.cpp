#include "rbees/process/executable.hpp"

#include <fmt/format.h>

#include <system_error>

namespace rbees::process {

Result<std::filesystem::path> executable_folder() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return fail(fmt::format("cannot find our own program: {}", error.message()), "mount /proc");
    return program.parent_path();
}

}  // namespace rbees::process
