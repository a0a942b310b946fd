#include "rbees/base/failure.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace rbees {

std::unexpected<Failure> fail_with_errno(std::string message, std::string remedy) {
    const int code = errno;
    return fail(fmt::format("{}: {}", message, std::generic_category().message(code)), std::move(remedy));
}

std::string describe(const Failure& failure) {
    if (failure.remedy.empty()) return failure.message;
    return fmt::format("{} ({})", failure.message, failure.remedy);
}

}  // namespace rbees
