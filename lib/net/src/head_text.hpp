#pragma once
/// @file
/// Heads as text, written by hand: the framing is ours, the other fields are the caller's.

#include <cstdint>
#include <string>
#include <string_view>

#include "rbees/net/message.hpp"

namespace rbees::net {

/// How the end of an answer's body is told.
enum class AnswerLength : std::uint8_t {
    exact,      ///< Content-Length of the body that follows
    as_stated,  ///< the caller's own Content-Length, if any: an answer to HEAD
    chunked,
    until_close,
    none,  ///< 204 and 304
};

struct AnswerShape {
    AnswerLength length = AnswerLength::exact;
    bool is_http_11 = true;
    bool keeps_alive = true;
};

/// Appends the head of an answer, with the empty line. Framing fields of `response` are left out, and line ends in
/// values become spaces: no value can add a field.
void append_answer_head(std::string& text, const Response& response, const AnswerShape& shape);

/// Appends the head of a request, with the empty line.
void append_request_head(std::string& text, std::string_view method, const Url& url, const Fields& fields,
                         std::size_t body_size);

/// Appends "<size in hex>\r\n".
void append_chunk_size(std::string& text, std::size_t size);

}  // namespace rbees::net
