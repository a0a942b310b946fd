#include "head_text.hpp"

#include <array>
#include <charconv>

#include <boost/beast/core/string.hpp>

namespace rbees::net {

namespace {

using boost::beast::iequals;

void append_number(std::string& text, std::uint64_t number, int base = 10) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    text.append(digits.data(), end);
}

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text += name;
    text += ": ";
    const auto begin = text.size();
    text += value;
    for (auto i = begin; i < text.size(); ++i) {
        if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0') text[i] = ' ';
    }
    text += "\r\n";
}

bool is_framing(std::string_view name) {
    switch (name.size()) {
        case 10:
            return iequals(name, "Connection") || iequals(name, "Keep-Alive");
        case 14:
            return iequals(name, "Content-Length");
        case 17:
            return iequals(name, "Transfer-Encoding");
        default:
            return false;
    }
}

void append_fields(std::string& text, const Fields& fields) {
    for (const auto& [name, value] : fields) {
        if (!is_framing(name)) append_field(text, name, value);
    }
}

void append_length(std::string& text, std::uint64_t length) {
    text += "Content-Length: ";
    append_number(text, length);
    text += "\r\n";
}

}  // namespace

void append_answer_head(std::string& text, const Response& response, const AnswerShape& shape) {
    text += "HTTP/1.1 ";
    append_number(text, static_cast<std::uint64_t>(response.status));
    text += ' ';
    text += reason_phrase(response.status);
    text += "\r\n";
    append_fields(text, response.headers);

    const auto stated = response.headers.find("Content-Length");
    switch (shape.length) {
        case AnswerLength::exact:
            append_length(text, response.body.size());
            break;
        case AnswerLength::as_stated:
            if (stated && response.body.empty()) {
                append_field(text, "Content-Length", *stated);
            } else {
                append_length(text, response.body.size());
            }
            break;
        case AnswerLength::chunked:
            text += "Transfer-Encoding: chunked\r\n";
            break;
        case AnswerLength::until_close:
        case AnswerLength::none:
            break;
    }
    if (!shape.keeps_alive) {
        text += "Connection: close\r\n";
    } else if (!shape.is_http_11) {
        text += "Connection: keep-alive\r\n";
    }
    text += "\r\n";
}

void append_request_head(std::string& text, std::string_view method, const Url& url, const Fields& fields,
                         std::size_t body_size) {
    text += method;
    text += ' ';
    text += url.target;
    text += " HTTP/1.1\r\n";
    if (!fields.contains("Host")) append_field(text, "Host", url.authority());
    append_fields(text, fields);
    const auto usually_has_body = method == "POST" || method == "PUT" || method == "PATCH";
    if (body_size > 0 || usually_has_body) append_length(text, body_size);
    text += "\r\n";
}

void append_chunk_size(std::string& text, std::size_t size) {
    append_number(text, size, 16);
    text += "\r\n";
}

}  // namespace rbees::net
