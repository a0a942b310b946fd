#include "rbees/base/random.hpp"

#include <sys/random.h>

#include "rbees/base/assert.hpp"
#include "rbees/base/hash.hpp"

namespace rbees {
namespace {

/// Up to this many bytes getrandom gives all of them or none, and no signal cuts the call short.
constexpr std::size_t bytes_max = 256;
constexpr std::size_t secret_bytes = 32;

}  // namespace

std::string random_bytes(std::size_t count) {
    RBEES_ASSERT(count <= bytes_max);
    std::string bytes(count, '\0');
    RBEES_ASSERT(::getrandom(bytes.data(), count, 0) == static_cast<ssize_t>(count));
    return bytes;
}

std::string random_secret() {
    return to_base64url(random_bytes(secret_bytes));
}

}  // namespace rbees
