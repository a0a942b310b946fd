#pragma once
/// @file
/// SHA-256 and the text forms of bytes. OpenSSL does the work.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rbees {

using Sha256Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of bytes that come in pieces. Not thread-safe.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::string_view bytes);

    /// The digest of everything so far. The object starts anew afterwards.
    [[nodiscard]] Sha256Digest finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

[[nodiscard]] Sha256Digest sha256(std::string_view bytes);

/// SHA-256 over salt and bytes, each behind its length, so that neither can pass for part of the other. With a random
/// salt that leaves with the bytes, the digest tells nothing about them afterwards.
[[nodiscard]] Sha256Digest salted_sha256(std::string_view salt, std::string_view bytes);

/// 64 lower-case hexadecimal characters.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string to_hex(const Sha256Digest& digest);

/// RFC 4648 section 5, without padding: 32 bytes give 43 characters.
[[nodiscard]] std::string to_base64url(std::string_view bytes);

/// Equality in time that depends on the length only: for secrets.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace rbees
