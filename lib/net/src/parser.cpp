#include "parser.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include "target.hpp"

namespace rbees::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::iequals;
using boost::beast::string_view;

bool is_digits(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// What of a head is decided by its fields, collected as Beast reads them.
struct FramingCheck {
    int hosts = 0;
    int lengths = 0;
    int encodings = 0;
    bool says_close = false;
    bool says_keep_alive = false;

    /// Empty if the field is fine.
    ParseError take(http::field name, std::string_view value) {
        switch (name) {
            case http::field::host:
                if (++hosts > 1) return "more than one Host";
                return is_host_text(value) ? "" : "Host is malformed";
            case http::field::content_length:
                if (++lengths > 1) return "more than one Content-Length";
                return is_digits(value) ? "" : "Content-Length is not a number";
            case http::field::transfer_encoding:
                if (++encodings > 1) return "more than one Transfer-Encoding";
                return iequals(value, "chunked") ? "" : "Transfer-Encoding is not 'chunked'";
            case http::field::connection:
                take_connection(value);
                return "";
            default:
                return "";
        }
    }

    void take_connection(std::string_view value) {
        for (const auto token : http::token_list(value)) {
            says_close |= iequals(token, "close");
            says_keep_alive |= iequals(token, "keep-alive");
        }
    }

    /// Empty if the fields go together.
    [[nodiscard]] ParseError judge(bool is_http_11) const {
        if (lengths > 0 && encodings > 0) return "both Content-Length and Transfer-Encoding";
        if (encodings > 0 && !is_http_11) return "Transfer-Encoding in HTTP/1.0";
        return "";
    }

    [[nodiscard]] bool keeps_alive(bool is_http_11) const { return !says_close && (is_http_11 || says_keep_alive); }
};

/// Beast's parser, filling a Head and then a body.
template <bool is_request>
class Collector final : public http::basic_parser<is_request> {
  public:
    Collector() {
        this->header_limit(UINT32_MAX);  // HeadScan's callers bound the head, and the body as it comes
        this->body_limit(boost::none);
    }

    Head head;
    FramingCheck framing;
    ParseError refusal;
    std::string* body = nullptr;
    bool has_chunk = false;  ///< one that is not the last has begun

  private:
    void on_request_impl(http::verb, string_view method, string_view target, int version, error_code&) override {
        head.method = method;
        head.target = target;
        head.is_http_11 = version == 11;
    }

    void on_response_impl(int code, string_view, int version, error_code&) override {
        head.status = code;
        head.is_http_11 = version == 11;
    }

    void on_field_impl(http::field name, string_view name_text, string_view value, error_code& error) override {
        if (this->is_header_done()) return;  // a trailer: read, and not used
        refusal = framing.take(name, value);
        if (!refusal.empty()) {
            error = http::error::bad_field;
            return;
        }
        if (name == http::field::expect && iequals(value, "100-continue")) head.expects_continue = head.is_http_11;
        head.fields.append(name_text, value);
    }

    void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& error) override {
        has_chunk = has_chunk || size != 0;
        const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
        if (std::ranges::any_of(extensions, is_control)) error = http::error::bad_chunk_extension;
    }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override {
        body->append(bytes);
        return bytes.size();
    }

    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view bytes, error_code&) override { return bytes.size(); }
    void on_finish_impl(error_code&) override {}
};

template <bool is_request>
std::expected<Head, ParseError> read_head(Collector<is_request>& collector, std::string_view bytes) {
    error_code error;
    const auto used = collector.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    if (!collector.refusal.empty()) return std::unexpected(collector.refusal);
    if (error == http::error::bad_version) return std::unexpected("not HTTP/1.1 or HTTP/1.0");
    if (error || !collector.is_header_done() || used != bytes.size()) return std::unexpected("not an HTTP message");

    auto& head = collector.head;
    const auto refusal = collector.framing.judge(head.is_http_11);
    if (!refusal.empty()) return std::unexpected(refusal);
    head.keeps_alive = collector.framing.keeps_alive(head.is_http_11);
    if (collector.is_done()) return std::move(head);
    if (collector.chunked()) {
        head.body = BodyKind::chunked;
    } else if (const auto length = collector.content_length()) {
        head.body = BodyKind::length;
        head.length = *length;
    } else {
        head.body = BodyKind::until_close;
    }
    return std::move(head);
}

/// Beast takes the last chunk's head and the trailers in one piece; they follow the rules of a head.
bool is_proper_end(std::string_view last_chunk_and_trailers) {
    if (last_chunk_and_trailers.starts_with("\r\n")) last_chunk_and_trailers.remove_prefix(2);
    HeadScan scan;
    return scan.look(last_chunk_and_trailers) == HeadScan::Verdict::complete;
}

/// "0", CRLF, CRLF. Beast asserts that it has so much when it comes back to a last chunk that is the only one.
constexpr std::size_t shortest_chunked_body = 5;

template <bool is_request>
std::expected<MessageParser::Chunks, ParseError> read_chunks(Collector<is_request>& collector, std::string_view bytes,
                                                             std::string& body) {
    MessageParser::Chunks chunks;
    collector.body = &body;
    while (chunks.used < bytes.size() && !collector.is_done()) {
        const auto rest = bytes.substr(chunks.used);
        if (!collector.has_chunk && rest.starts_with('0') && rest.size() < shortest_chunked_body) break;
        error_code error;
        const auto used = collector.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
        chunks.used += used;
        if (error == http::error::need_more) break;
        const auto is_refused = error || (collector.is_done() && !is_proper_end(rest.substr(0, used)));
        if (is_refused) return std::unexpected("a chunk of the body is malformed");
    }
    chunks.is_complete = collector.is_done();
    return chunks;
}

}  // namespace

struct MessageParser::Implementation {
    explicit Implementation(Kind kind_) : kind(kind_) {}

    Kind kind;
    std::optional<Collector<true>> request;
    std::optional<Collector<false>> response;
};

MessageParser::MessageParser(Kind kind) : implementation_(std::make_unique<Implementation>(kind)) {}
MessageParser::~MessageParser() = default;
MessageParser::MessageParser(MessageParser&&) noexcept = default;
MessageParser& MessageParser::operator=(MessageParser&&) noexcept = default;

std::expected<Head, ParseError> MessageParser::parse_head(std::string_view bytes) {
    auto& parser = *implementation_;
    if (parser.kind != Kind::request) {
        parser.response.emplace();
        parser.response->skip(parser.kind == Kind::response_to_head);
        return read_head(*parser.response, bytes);
    }
    auto head = read_head(parser.request.emplace(), bytes);
    if (head && head->is_http_11 && parser.request->framing.hosts == 0) return std::unexpected("no Host");
    return head;
}

std::expected<MessageParser::Chunks, ParseError> MessageParser::parse_chunks(std::string_view bytes,
                                                                             std::string& body) {
    auto& parser = *implementation_;
    if (parser.kind == Kind::request) return read_chunks(*parser.request, bytes, body);
    return read_chunks(*parser.response, bytes, body);
}

}  // namespace rbees::net
