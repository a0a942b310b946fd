#include "rbees/base/assert.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace rbees::base {
namespace {

/// Decimal digits without the heap or the locale: the process may be in any state here.
class Digits {
  public:
    explicit Digits(int value) {
        auto rest = static_cast<unsigned>(value < 0 ? 0 : value);
        do {
            digits_.at(--first_) = static_cast<char>('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
    }
    [[nodiscard]] const char* data() const { return digits_.data() + first_; }
    [[nodiscard]] std::size_t size() const { return digits_.size() - first_; }

  private:
    std::array<char, 12> digits_{};
    std::size_t first_ = digits_.size();
};

iovec piece(const char* text, std::size_t size) {
    return {const_cast<char*>(text), size};  // writev only reads
}

iovec piece(const char* text) {
    return piece(text, std::strlen(text));
}

}  // namespace

void assertion_failed(const char* expression, const char* file, int line) noexcept {
    const Digits digits(line);
    const std::array pieces{
        piece("assertion failed: "),         piece(expression), piece(" at "), piece(file), piece(":"),
        piece(digits.data(), digits.size()), piece("\n")};
    const auto written = ::writev(STDERR_FILENO, pieces.data(), static_cast<int>(pieces.size()));
    static_cast<void>(written);  // nobody is left to tell
    std::abort();
}

}  // namespace rbees::base
