#include "rbees/base/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <utility>

#include "rbees/base/assert.hpp"

namespace rbees {
namespace {

std::string_view as_bytes(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

struct Sha256::Context {
    Context() : evp(EVP_MD_CTX_new()) {
        RBEES_ASSERT(evp != nullptr);
        start();
    }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    void start() { RBEES_ASSERT(EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) == 1); }

    EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
    RBEES_ASSERT(context_ != nullptr);
    RBEES_ASSERT(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}

Sha256Digest Sha256::finish() {
    RBEES_ASSERT(context_ != nullptr);
    Sha256Digest digest{};
    unsigned size = 0;
    RBEES_ASSERT(EVP_DigestFinal_ex(context_->evp, digest.data(), &size) == 1);
    RBEES_ASSERT(size == digest.size());
    context_->start();
    return digest;
}

Sha256Digest sha256(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

Sha256Digest salted_sha256(std::string_view salt, std::string_view bytes) {
    Sha256 hash;
    for (const auto part : {salt, bytes}) {
        hash.update(std::to_string(part.size()) + ":");
        hash.update(part);
    }
    return hash.finish();
}

std::string sha256_hex(std::string_view bytes) {
    return to_hex(sha256(bytes));
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += digits[value >> 4];
        text += digits[value & 0x0f];
    }
    return text;
}

std::string to_hex(const Sha256Digest& digest) {
    return to_hex(as_bytes(digest));
}

std::string to_base64url(std::string_view bytes) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    unsigned pending = 0;
    int bits = 0;
    for (const char byte : bytes) {
        pending = (pending << 8 | static_cast<unsigned char>(byte)) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6) {
            text += alphabet[pending >> (bits - 6) & 0x3f];
        }
    }
    if (bits > 0) text += alphabet[pending << (6 - bits) & 0x3f];
    return text;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace rbees
