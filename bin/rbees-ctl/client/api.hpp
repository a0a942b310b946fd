#pragma once
/// @file
/// rbees-orcd's HTTP interface as blocking calls that give described structs or an error for the person.

#include <optional>
#include <string>
#include <string_view>

#include "cli/outcome.hpp"
#include "client/address.hpp"
#include "client/loop.hpp"
#include "rbees/net/client.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::ctl {

inline constexpr Duration connect_time = std::chrono::seconds(5);

/// How long one call may take; streams have bounds of their own.
inline constexpr Duration call_time = std::chrono::seconds(30);

/// Uses the loop's thread only. Keeps its connection between calls.
class Api {
  public:
    Api(Loop& loop, Address address) : loop_(loop), address_(std::move(address)), client_(loop.io()) {}

    [[nodiscard]] const Address& address() const { return address_; }
    [[nodiscard]] Loop& loop() { return loop_; }
    [[nodiscard]] net::Client& client() { return client_; }

    /// A request with address, token and bounds filled in, for `client()`.
    [[nodiscard]] net::ClientRequest request(std::string_view method, std::string_view path,
                                             std::string body = {}) const;

    /// The whole answer of any status. Fails when there is none.
    [[nodiscard]] Checked<net::Response> exchange(net::ClientRequest request);

    /// An answer of 2xx; any other is an error.
    [[nodiscard]] Checked<net::Response> call(std::string_view method, std::string_view path, std::string body = {});

    [[nodiscard]] Checked<net::Response> call(net::ClientRequest request);

    /// The same, for a request that was made by `request`.
    template <class T>
    [[nodiscard]] Checked<T> fetch(net::ClientRequest request) {
        return read<T>(call(std::move(request)));
    }

    template <class T>
    [[nodiscard]] Checked<T> get(std::string_view path) {
        return read<T>(call("GET", path));
    }

    template <class T, class Body>
    [[nodiscard]] Checked<T> post(std::string_view path, const Body& body) {
        return read<T>(call("POST", path, reflect::to_json_text(body)));
    }

    template <class T>
    [[nodiscard]] Checked<T> remove(std::string_view path) {
        return read<T>(call("DELETE", path));
    }

    /// An answer's body, or the error that there is instead of one.
    template <class T>
    [[nodiscard]] Checked<T> read(const Checked<net::Response>& response) const {
        if (!response) return std::unexpected(response.error());
        auto value = reflect::from_json_text<T>(response->body);
        if (!value) return std::unexpected(strange(value.error()));
        return std::move(*value);
    }

  private:
    /// The error of an answer that is not what this version of rbees expects.
    [[nodiscard]] CliError strange(const reflect::FieldErrors& errors) const;

    Loop& loop_;
    Address address_;
    net::Client client_;
};

/// "/v2/models/" and an id as one segment of the path.
[[nodiscard]] std::string path_of(std::string_view collection, std::string_view id, std::string_view action = {});

}  // namespace rbees::ctl
