/// One target under libFuzzer; RBEES_FUZZ_TARGET is its name.

#include <cstddef>
#include <cstdint>

#include "targets.hpp"

// The name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    static const auto& target = rbees::fuzz::target_named(RBEES_FUZZ_TARGET);
    target.run({reinterpret_cast<const char*>(data), size});
    return 0;
}
