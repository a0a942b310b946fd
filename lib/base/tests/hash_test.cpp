#include "rbees/base/hash.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace rbees {
namespace {

// The examples of FIPS 180-4 and RFC 4648.

TEST(Sha256, GivesTheStandardsDigests) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, StartsAnewAfterADigest) {
    Sha256 hash;
    hash.update("something else");
    static_cast<void>(hash.finish());

    hash.update("abc");

    EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(Sha256, MovedHashKeepsWhatItHasSeen) {
    Sha256 first;
    first.update("a");

    Sha256 second = std::move(first);
    second.update("bc");

    EXPECT_EQ(second.finish(), sha256("abc"));
}

RC_GTEST_PROP(Sha256, PiecesGiveTheDigestOfTheWhole, (const std::string& a, const std::string& b)) {
    Sha256 hash;
    hash.update(a);
    hash.update(b);

    RC_ASSERT(hash.finish() == sha256(a + b));
}

TEST(Hex, KeepsEveryBitOfEveryByte) {
    using namespace std::string_view_literals;
    EXPECT_EQ(to_hex("\x00\x7f\x80\xff\x1a"sv), "007f80ff1a");
}

RC_GTEST_PROP(Hex, IsReadBackByTheStandardLibrary, (const std::string& bytes)) {
    const auto text = to_hex(bytes);

    RC_ASSERT(text.size() == bytes.size() * 2);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        RC_ASSERT(std::stoi(text.substr(at * 2, 2), nullptr, 16) == static_cast<unsigned char>(bytes[at]));
    }
}

TEST(Base64Url, GivesTheStandardsExamplesWithoutPadding) {
    EXPECT_EQ(to_base64url(""), "");
    EXPECT_EQ(to_base64url("f"), "Zg");
    EXPECT_EQ(to_base64url("fo"), "Zm8");
    EXPECT_EQ(to_base64url("foo"), "Zm9v");
    EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
    EXPECT_EQ(to_base64url(std::string(32, '\0')).size(), 43U);
}

TEST(ConstantTimeEquality, ComparesContentAndLength) {
    EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_FALSE(equal_in_constant_time("secret", "Secret"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secret "));
}

TEST(SaltedSha256, DependsOnSaltAndBytesAndOnWhereOneEnds) {
    EXPECT_NE(salted_sha256("salt-1", "yes"), salted_sha256("salt-2", "yes"));
    EXPECT_NE(salted_sha256("ab", "c"), salted_sha256("a", "bc"));
    EXPECT_NE(salted_sha256("1", "2:ab"), salted_sha256("1:2", "ab"));
    EXPECT_EQ(salted_sha256("salt-1", "yes"), salted_sha256("salt-1", "yes"));
}

}  // namespace
}  // namespace rbees
