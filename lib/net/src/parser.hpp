#pragma once
/// @file
/// HTTP/1.1 messages from bytes: Beast's parser with the door closed on what it lets through.
///
/// `HeadScan` finds the end of a head and refuses bytes that parsers disagree about (bare LF or CR, NUL and other
/// controls, folded lines). `MessageParser` runs Beast over the head and judges its fields while Beast reads them, so
/// that what is checked is what is used: RFC 9112 sections 2.2, 3.2, 5 and 6, read strictly.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "rbees/base/units.hpp"
#include "rbees/net/message.hpp"

namespace rbees::net {

/// What is wrong, in words for the peer's developer.
using ParseError = std::string_view;

class HeadScan {
  public:
    enum class Verdict : std::uint8_t { incomplete, complete, refused };

    /// `bytes` begin at the head's first byte and hold at least what the last call saw.
    [[nodiscard]] Verdict look(std::string_view bytes);

    /// Bytes of a complete head, with the empty line.
    [[nodiscard]] std::size_t size() const { return line_start_; }
    [[nodiscard]] ParseError error() const { return error_; }

  private:
    [[nodiscard]] Verdict refuse(ParseError error);

    std::size_t line_start_ = 0;
    std::size_t scanned_ = 0;
    ParseError error_;
};

enum class BodyKind : std::uint8_t { none, length, chunked, until_close };

/// The head of a request or of an answer.
struct Head {
    std::string method;  ///< requests only, as are `target` and `expects_continue`
    std::string target;
    int status = 0;  ///< answers only
    Fields fields;
    bool is_http_11 = false;
    bool keeps_alive = false;
    bool expects_continue = false;
    BodyKind body = BodyKind::none;
    std::uint64_t length = 0;  ///< for BodyKind::length
};

class MessageParser {
  public:
    enum class Kind : std::uint8_t { request, response, response_to_head };

    explicit MessageParser(Kind kind);
    ~MessageParser();
    MessageParser(MessageParser&&) noexcept;
    MessageParser& operator=(MessageParser&&) noexcept;

    /// Begins a new message with its complete head.
    [[nodiscard]] std::expected<Head, ParseError> parse_head(std::string_view bytes);

    struct Chunks {
        std::size_t used = 0;      ///< bytes that can be forgotten
        bool is_complete = false;  ///< the last chunk and its trailers are over
    };
    /// Takes the next bytes of a chunked body and appends its content to `body`.
    [[nodiscard]] std::expected<Chunks, ParseError> parse_chunks(std::string_view bytes, std::string& body);

  private:
    struct Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace rbees::net
