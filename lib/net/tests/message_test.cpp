#include "rbees/net/message.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace rbees::net {
namespace {

TEST(Fields, FindsWithoutRegardToCase) {
    const Fields fields{{"Content-Type", "text/plain"}, {"content-type", "second"}};

    EXPECT_EQ(fields.find("CONTENT-TYPE"), "text/plain");
    EXPECT_FALSE(fields.contains("Content"));
}

TEST(Fields, SetReplacesEveryFieldOfTheName) {
    Fields fields{{"A", "1"}, {"B", "2"}, {"a", "3"}};

    fields.set("a", "4");

    EXPECT_EQ(fields, (Fields{{"B", "2"}, {"a", "4"}}));
}

TEST(Fields, SetCopesWithAValueThatLiesInTheFieldItReplaces) {
    Fields fields{{"A", "a value longer than a small string holds"}};

    fields.set("a", *fields.find("A"));

    EXPECT_EQ(fields.find("A"), "a value longer than a small string holds");
}

TEST(ParseUrl, ReadsSchemeHostPortAndTarget) {
    const auto url = parse_url("http://example.org:8080/v1/models?limit=2");

    ASSERT_TRUE(url);
    EXPECT_EQ(*url, (Url{"http", "example.org", 8080, "/v1/models?limit=2"}));
    EXPECT_EQ(url->authority(), "example.org:8080");
}

TEST(ParseUrl, FillsInTheDefaultPortAndPath) {
    EXPECT_EQ(parse_url("http://localhost"), (Url{"http", "localhost", 80, "/"}));
    EXPECT_EQ(parse_url("HTTPS://localhost?a=b"), (Url{"https", "localhost", 443, "/?a=b"}));
}

TEST(ParseUrl, TakesIpv6OutOfItsBracketsAndPutsItBack) {
    const auto url = parse_url("http://[::1]:9/x");

    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "::1");
    EXPECT_EQ(url->authority(), "[::1]:9");
}

TEST(ParseUrl, RefusesWhatIsNoHttpAddress) {
    for (const auto* text : {"", "localhost:8080", "ftp://host/", "http://", "http:///path", "http://host:0/",
                             "http://host:99999/", "http://host:x/", "http://user:pw@host/", "http://host/#part",
                             "http://ho st/", "http://host/a b", "http://%00/", "//host/", "http://[::1/"}) {
        EXPECT_FALSE(parse_url(text)) << text;
    }
}

TEST(ParseEndpoint, ReadsHostAndPort) {
    EXPECT_EQ(parse_endpoint("127.0.0.1:0"), (std::pair<std::string, std::uint16_t>("127.0.0.1", 0)));
    EXPECT_EQ(parse_endpoint("[::1]:8080"), (std::pair<std::string, std::uint16_t>("::1", 8080)));
    EXPECT_EQ(parse_endpoint("my-host.lan:65535"), (std::pair<std::string, std::uint16_t>("my-host.lan", 65535)));
}

TEST(ParseEndpoint, RefusesWhatIsNone) {
    for (const auto* text : {"", ":80", "host", "host:", "host:65536", "host:-1", "host:8a", "::1:80", "[host]:80",
                             "[]:80", "http://host:80", "ho st:80", "host/x:80"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(IsLoopback, HoldsForAddressesOfThisMachineAndForLocalhost) {
    for (const auto* host : {"127.0.0.1", "127.255.3.4", "::1", "0:0:0:0:0:0:0:1", "localhost"}) {
        EXPECT_TRUE(is_loopback(host)) << host;
    }
}

TEST(IsLoopback, HoldsForNoOtherNameOrAddress) {
    for (const auto* host : {"127.example.org", "127.1", "127.0.0.1.nip.io", "localhost.example.org", "10.0.0.1",
                             "0.0.0.0", "::", "::2", "[::1]", ""}) {
        EXPECT_FALSE(is_loopback(host)) << host;
    }
    EXPECT_FALSE(is_loopback(std::string_view("127.0.0.1\0.example.org", 22)));
}

TEST(PercentDecode, RefusesMalformedTextAndHiddenNul) {
    for (const auto* text : {"%", "%4", "%4g", "%g4", "a%", "%00", "%%20"})
        EXPECT_FALSE(percent_decode(text)) << text;
    EXPECT_FALSE(percent_decode(std::string_view("\0", 1)));
    EXPECT_EQ(percent_decode("a%20b%2Fc%2f"), "a b/c/");
}

RC_GTEST_PROP(PercentCoding, DecodesWhatItEncodes, ()) {
    const auto text = *rc::gen::container<std::string>(rc::gen::nonZero<char>());

    const auto encoded = percent_encode(text);

    RC_ASSERT(percent_decode(encoded) == text);
    RC_ASSERT(encoded.find_first_of("/?#% \r\n") == std::string::npos || encoded.contains('%'));
}

RC_GTEST_PROP(ParseUrl, ReadsWhatWasWritten, ()) {
    const auto letters = rc::gen::elementOf(std::string("abcXYZ019-"));
    Url url{.scheme = *rc::gen::element<std::string>("http", "https"),
            .host = "h" + *rc::gen::container<std::string>(letters),
            .port = *rc::gen::inRange<std::uint16_t>(1, 65535),
            .target = "/" + percent_encode(*rc::gen::container<std::string>(rc::gen::nonZero<char>()))};

    const auto parsed = parse_url(url.scheme + "://" + url.authority() + url.target);

    RC_ASSERT(parsed == url);
}

RC_GTEST_PROP(ParseUrl, NeverReadsPastAnyText, (const std::string& text)) {
    const auto url = parse_url("http://" + text);

    if (url) RC_ASSERT(parse_url(url->scheme + "://" + url->authority() + url->target) == url);
}

TEST(ReasonPhrase, NamesWhatIsKnown) {
    EXPECT_EQ(reason_phrase(404), "Not Found");
    EXPECT_EQ(reason_phrase(299), "Unknown");
}

}  // namespace
}  // namespace rbees::net
