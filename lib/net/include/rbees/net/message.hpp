#pragma once
/// @file
/// HTTP messages as values, without Beast: what handlers and callers see.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rbees::net {

/// Header fields in order. Names compare without regard to case; a handful of fields, so a scan beats a map.
class Fields {
  public:
    using Field = std::pair<std::string, std::string>;

    Fields() = default;
    Fields(std::initializer_list<Field> fields) : fields_(fields) {}

    /// The first field of that name.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }

    /// Adds a field, or replaces every one of that name.
    void set(std::string_view name, std::string_view value);
    void append(std::string_view name, std::string_view value);
    void erase(std::string_view name);

    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }

    bool operator==(const Fields&) const = default;

  private:
    std::vector<Field> fields_;
};

/// A request, read whole; `target` is split and percent-decoded once, here.
struct Request {
    std::string method;                                      ///< upper case, as sent
    std::string target;                                      ///< as sent: path and query
    std::string path;                                        ///< decoded, without query
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
    Fields headers;
    std::string body;
    std::string peer;           ///< "127.0.0.1:51234"
    bool is_body_left = false;  ///< a HeadCheck decided that it is not read; `body` is empty, whatever was sent

    /// The first query parameter of that name.
    [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

struct Response {
    int status = 200;
    Fields headers;
    std::string body;
};

/// An `http://host:port/path` address, checked.
struct Url {
    std::string scheme;  ///< "http" or "https"
    std::string host;
    std::uint16_t port = 0;
    std::string target = "/";  ///< path and query

    /// "host:port", IPv6 in brackets.
    [[nodiscard]] std::string authority() const;
    bool operator==(const Url&) const = default;
};

/// Reads an absolute http or https URL; nothing if it is not one.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

/// "HOST:PORT" with IPv6 in brackets; nothing if it is not one. Port 0 is allowed.
[[nodiscard]] std::optional<std::pair<std::string, std::uint16_t>> parse_endpoint(std::string_view text);

/// Whether the host is this machine's loopback: an address of 127.0.0.0/8 or ::1, or the name "localhost". Any other
/// name is not, "127.example.org" included: who owns the name decides where it leads.
[[nodiscard]] bool is_loopback(std::string_view host);

[[nodiscard]] std::string percent_encode(std::string_view path_segment);

/// Decodes %XX; nothing if the text is malformed or hides a NUL.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// "Not Found" for 404; "Unknown" otherwise.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace rbees::net
