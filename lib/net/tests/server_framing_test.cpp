/// @file
/// Requests that two parsers could read differently: each must be refused with 400 and a close, and nothing that
/// follows may reach the handler. After the classes of the HTTP Garden and RFC 9112 section 11.2.

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "net_fixture.hpp"
#include "rbees/net/server.hpp"

namespace rbees::net {
namespace {

using namespace testing;
using std::string_literals::operator""s;

struct HostileRequest {
    std::string name;
    std::string bytes;
};

void PrintTo(const HostileRequest& request, std::ostream* out) {
    *out << request.name;
}

std::string head(const std::string& lines) {
    return "POST /x HTTP/1.1\r\nHost: h\r\n" + lines + "\r\n";
}
std::string chunked(const std::string& body) {
    return head("Transfer-Encoding: chunked\r\n") + body;
}
std::string target(const std::string& text) {
    return "GET " + text + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

const HostileRequest hostile_requests[] = {
    // Two lengths
    {"EqualContentLengths", head("Content-Length: 1\r\nContent-Length: 1\r\n") + "x"},
    {"DifferentContentLengths", head("Content-Length: 1\r\nContent-Length: 2\r\n") + "xy"},
    {"ContentLengthList", head("Content-Length: 1, 1\r\n") + "x"},
    {"ContentLengthAndTransferEncoding", head("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
    {"TransferEncodingAndContentLength", head("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n"},
    // Malformed lengths
    {"NegativeContentLength", head("Content-Length: -1\r\n")},
    {"SignedContentLength", head("Content-Length: +1\r\n") + "x"},
    {"HexContentLength", head("Content-Length: 0x1\r\n") + "x"},
    {"EmptyContentLength", head("Content-Length:\r\n")},
    {"ContentLengthWithText", head("Content-Length: 1 \t1\r\n") + "x"},
    {"FractionalContentLength", head("Content-Length: 1.0\r\n") + "x"},
    {"HugeContentLength", head("Content-Length: 18446744073709551617\r\n") + "x"},
    // Transfer-Encoding that is not exactly "chunked"
    {"TwoTransferEncodings", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n"},
    {"IdentityTransferEncoding", head("Transfer-Encoding: identity\r\n")},
    {"ChunkedThenIdentity", head("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n"},
    {"GzipThenChunked", head("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n"},
    {"ChunkedTwiceInAList", head("Transfer-Encoding: chunked, chunked\r\n") + "0\r\n\r\n"},
    {"QuotedChunked", head("Transfer-Encoding: \"chunked\"\r\n") + "0\r\n\r\n"},
    {"MisspeltChunked", head("Transfer-Encoding: xchunked\r\n") + "0\r\n\r\n"},
    {"EmptyTransferEncoding", head("Transfer-Encoding:\r\n")},
    {"VerticalTabBeforeChunked", head("Transfer-Encoding: \vchunked\r\n") + "0\r\n\r\n"},
    {"ChunkedInHttp10", "POST /x HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    // Lines
    {"BareLineFeeds", "GET /x HTTP/1.1\nHost: h\n\n"},
    {"BareLineFeedAfterAField", "GET /x HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"},
    {"BareLineFeedAtTheEndOfTheHead", "GET /x HTTP/1.1\r\nHost: h\r\n\n"},
    {"BareCarriageReturnInAValue", head("X: a\rb\r\n")},
    {"CarriageReturnBeforeLineEnd", head("X: a\r\r\n")},
    {"FoldedField", head("X: a\r\n b\r\n")},
    {"FoldedByTab", head("X: a\r\n\tb\r\n")},
    {"SpaceBeforeTheFirstField", "GET /x HTTP/1.1\r\n Host: h\r\n\r\n"},
    {"NulInAValue", head("X: a\0b\r\n"s)},
    {"NulInAName", head("X\0Y: a\r\n"s)},
    {"ControlInAValue", head("X: a\x01\r\n")},
    {"DeleteInAValue", head("X: a\x7f\r\n")},
    {"SpaceBeforeTheColon", head("Content-Length : 1\r\n") + "x"},
    {"TabBeforeTheColon", head("Content-Length\t: 1\r\n") + "x"},
    {"FieldWithoutAColon", head("Content-Length\r\n")},
    {"FieldWithoutAName", head(": x\r\n")},
    {"SpaceInAName", head("Content Length: 1\r\n")},
    {"TwoEmptyLinesBeforeTheRequest", "\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n"},
    // Host
    {"NoHost", "GET /x HTTP/1.1\r\n\r\n"},
    {"TwoHosts", "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
    {"EqualHosts", "GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
    {"HostWithAPath", "GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"HostWithAUser", "GET /x HTTP/1.1\r\nHost: a@b\r\n\r\n"},
    {"HostWithASpace", "GET /x HTTP/1.1\r\nHost: a b\r\n\r\n"},
    // The request line
    {"NoVersion", "GET /x\r\nHost: h\r\n\r\n"},
    {"WrongVersion", "GET /x HTTP/1.2\r\nHost: h\r\n\r\n"},
    {"VersionTwo", "GET /x HTTP/2.0\r\nHost: h\r\n\r\n"},
    {"LowerCaseVersion", "GET /x http/1.1\r\nHost: h\r\n\r\n"},
    {"LongVersion", "GET /x HTTP/1.10\r\nHost: h\r\n\r\n"},
    {"TwoSpacesBeforeTheTarget", "GET  /x HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"TwoSpacesBeforeTheVersion", "GET /x  HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"SpaceAfterTheVersion", "GET /x HTTP/1.1 \r\nHost: h\r\n\r\n"},
    {"TabsInTheRequestLine", "GET\t/x\tHTTP/1.1\r\nHost: h\r\n\r\n"},
    {"NoMethod", " /x HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"MethodThatIsNoToken", "GE(T /x HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"TlsHandshake", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s},
    // The target
    {"CutPercentEncoding", target("/a%2")},
    {"WrongPercentEncoding", target("/a%zz")},
    {"NulInThePath", target("/a%00b")},
    {"NulInTheQuery", target("/a?b=%00")},
    {"OverlongUtf8InThePath", target("/%c0%af")},
    {"SurrogateInTheQuery", target("/?a=%ed%a0%80")},
    {"FragmentInTheTarget", target("/a#b")},
    {"RelativeTarget", target("a/b")},
    {"AsteriskOfAnotherMethod", target("*")},
    {"AbsoluteTargetWithoutAHost", target("http:///x")},
    {"AbsoluteTargetWithAUser", target("http://u@h/x")},
    {"AbsoluteTargetWithAQuotedHost", target("http://\"h\"/x")},
    {"AbsoluteTargetWithForeignBytes", target("http://h\xff/x")},
    {"TunnelToForeignBytes", "CONNECT h\xff:1 HTTP/1.1\r\nHost: h\r\n\r\n"},
    // Chunks
    {"ChunkSizeWithAPrefix", chunked("0x1\r\nx\r\n0\r\n\r\n")},
    {"ChunkSizeWithASign", chunked("+1\r\nx\r\n0\r\n\r\n")},
    {"ChunkSizeAfterASpace", chunked(" 1\r\nx\r\n0\r\n\r\n")},
    {"ChunkSizeBeforeASpace", chunked("1 \r\nx\r\n0\r\n\r\n")},
    {"HugeChunkSize", chunked("10000000000000001\r\nx\r\n0\r\n\r\n")},
    {"NoChunkSize", chunked("\r\nx\r\n0\r\n\r\n")},
    {"ChunkLongerThanItsSize", chunked("1\r\nxy\r\n0\r\n\r\n")},
    {"ChunkHeadWithABareLineFeed", chunked("1\nx\r\n0\r\n\r\n") + "\r\n"},
    {"BareLineFeedInAChunkExtension", chunked("1;a\nb\r\nx\r\n0\r\n\r\n")},
    {"BareCarriageReturnInAChunkExtension", chunked("1;a\rb\r\nx\r\n0\r\n\r\n")},
    {"LineFeedInAQuotedChunkExtension", chunked("1;a=\"\n\"\r\nx\r\n0\r\n\r\n")},
    {"ContentLengthInTheTrailers", chunked("0\r\nContent-Length: 5\r\n\r\n")},
    {"MalformedTrailer", chunked("0\r\nA B: c\r\n\r\n")},
    {"BareLineFeedInTheTrailers", chunked("0\r\nA: b\nC: d\r\n\r\n")},
    {"FoldedTrailer", chunked("0\r\nA: b\r\n c\r\n\r\n")},
};

class HostileFraming : public ::testing::TestWithParam<HostileRequest> {};

TEST_P(HostileFraming, IsRefusedWithFourHundredAndAClose) {
    std::atomic<int> handled = 0;
    const auto count = [&handled](Exchange& exchange) {
        return [](Exchange& it, std::atomic<int>& calls) -> Task<void> {
            ++calls;
            Response response;
            static_cast<void>(co_await it.respond(std::move(response)));
        }(exchange, handled);
    };
    const ServerUnderTest server(count);
    auto client = server.connect();

    const auto answer = client.ask(GetParam().bytes + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_NE(answer.body, "");
    EXPECT_TRUE(client.is_closed_by_peer());
    EXPECT_EQ(handled, 0);
}

INSTANTIATE_TEST_SUITE_P(, HostileFraming, ::testing::ValuesIn(hostile_requests),
                         [](const auto& test) { return test.param.name; });

struct FineRequest {
    std::string name;
    std::string bytes;
};

void PrintTo(const FineRequest& request, std::ostream* out) {
    *out << request.name;
}

const FineRequest fine_requests[] = {
    {"EmptyLineBeforeTheRequest", "\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"EmptyHost", "GET /x HTTP/1.1\r\nHost:\r\n\r\n"},
    {"HostWithAPort", "GET /x HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"},
    {"NoHostInHttp10", "GET /x HTTP/1.0\r\n\r\n"},
    {"NoSpaceAfterTheColon", "GET /x HTTP/1.1\r\nHost:h\r\n\r\n"},
    {"SpacesAroundAValue", "GET /x HTTP/1.1\r\nHost: \t h \t\r\n\r\n"},
    {"Latin1InAValue", "GET /x HTTP/1.1\r\nHost: h\r\nX: \xe9\r\n\r\n"},
    {"EmptyValue", "GET /x HTTP/1.1\r\nHost: h\r\nX:\r\n\r\n"},
    {"LeadingZerosInALength", "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 001\r\n\r\nx"},
    {"ZeroLength", "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
    {"UpperCaseChunkSize", chunked("A\r\n0123456789\r\n0\r\n\r\n")},
    {"LeadingZerosInAChunkSize", chunked("0001\r\nx\r\n000\r\n\r\n")},
    {"ChunkExtensions", chunked("1;a;b=c;d=\"e f\"\r\nx\r\n0;z\r\n\r\n")},
    {"Utf8InThePath", target("/%c3%a9?q=%c3%a9")},
    {"LowerCaseMethod", "get /x HTTP/1.1\r\nHost: h\r\n\r\n"},
};

class FineFraming : public ::testing::TestWithParam<FineRequest> {};

Task<void> say_fine(Exchange& exchange) {
    Response response;
    response.body = exchange.request().path;
    static_cast<void>(co_await exchange.respond(std::move(response)));
}

TEST_P(FineFraming, IsServedAsIsTheRequestBehindIt) {
    const ServerUnderTest server(say_fine);
    auto client = server.connect();

    EXPECT_EQ(client.ask(GetParam().bytes).status, 200);
    if (!GetParam().bytes.contains("HTTP/1.0")) EXPECT_EQ(client.ask(target("/next")).body, "/next");
}

INSTANTIATE_TEST_SUITE_P(, FineFraming, ::testing::ValuesIn(fine_requests),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace rbees::net
