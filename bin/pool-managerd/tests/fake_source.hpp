#pragma once
/// @file
/// A web server with one model file, which gives parts, cuts connections and stops answering as told.

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <cstring>
#include <string>

#include "rbees/base/hash.hpp"
#include "rbees/base/numbers.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/net/server.hpp"

namespace rbees::poold {

// Pieces of a GGUF file.

inline std::string gguf_number(auto value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

inline std::string gguf_text(std::string_view value) {
    return gguf_number(std::uint64_t{value.size()}) + std::string(value);
}

/// Up to and with the architecture, when `values` follow in all.
inline std::string gguf_beginning(std::string_view architecture, std::uint64_t values) {
    return "GGUF" + gguf_number(std::uint32_t{3}) + gguf_number(std::uint64_t{0}) + gguf_number(values) +
           gguf_text("general.architecture") + gguf_number(std::uint32_t{8}) + gguf_text(architecture);
}

inline std::string filled_up(std::string bytes, std::size_t size) {
    while (bytes.size() < size) {
        bytes += static_cast<char>('a' + bytes.size() % 23);
    }
    return bytes;
}

/// The smallest header that says "llama", and then bytes up to `size`.
inline std::string gguf_bytes(std::size_t size) {
    return filled_up(gguf_beginning("llama", 1), size);
}

/// Likewise of a model that ranks: its pooling is RANK.
inline std::string rerank_bytes(std::size_t size) {
    constexpr std::uint32_t type_uint32 = 4;
    constexpr std::uint32_t rank = 4;
    const auto pooling = gguf_text("bert.pooling_type") + gguf_number(type_uint32) + gguf_number(rank);
    return filled_up(gguf_beginning("bert", 2) + pooling, size);
}

class FakeSource {
  public:
    FakeSource(net::IoContext& io, std::string bytes)
        : content(std::move(bytes)),
          server_(
              io, {}, [this](net::Exchange& exchange) { return answer(*this, exchange); },
              http_api::server_error_body(), Logger()),
          port_(server_.listen("127.0.0.1", 0).value()),
          released_(io, boost::asio::steady_timer::time_point::max()) {}

    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }

    /// The next `times` answers end after so many bytes.
    void cut_after(std::size_t bytes, unsigned times) {
        cut_bytes_ = bytes;
        cuts_left_ = times;
    }

    /// 503 to everything once so many bytes were sent; 0: never.
    void stop_answering_after(std::size_t bytes) { bytes_max_ = bytes; }

    /// Every answer longer than that waits there, until `go_on`.
    void hold_after(std::size_t bytes) { hold_bytes_ = bytes; }
    void go_on() {
        hold_bytes_ = 0;
        released_.cancel();
    }
    [[nodiscard]] unsigned held() const { return held_; }

    [[nodiscard]] unsigned ranges_asked() const { return ranges_; }
    [[nodiscard]] unsigned cuts() const { return cuts_; }
    [[nodiscard]] const std::string& last_path() const { return last_path_; }

    std::string content;
    bool gives_parts = true;
    std::size_t bytes_sent = 0;

  private:
    struct Part {
        std::size_t begin = 0;
        std::size_t end = 0;
        int status = 200;
    };

    Part part_of(const net::Request& request) {
        Part part{0, content.size(), 200};
        const auto range = request.headers.find("Range");
        if (!range || !gives_parts) return part;
        ++ranges_;
        const auto text = range->substr(range->find('=') + 1);
        const auto dash = text.find('-');
        part.begin = parse_whole<std::size_t>(text.substr(0, dash)).value_or(0);
        const auto last = parse_whole<std::size_t>(text.substr(dash + 1));
        if (last) part.end = std::min(*last + 1, content.size());
        part.status = 206;
        return part;
    }

    static net::Task<void> answer(FakeSource& self, net::Exchange& exchange) {
        const auto request = exchange.request();
        self.last_path_ = request.path;
        if (request.path.starts_with("/api/models/")) {
            co_await exchange.respond(http_api::json_text_answer(
                200, R"({"siblings": [{"rfilename": "README.md"}, {"rfilename": "tiny-Q4_K_M.gguf"}]})"));
            co_return;
        }
        const bool is_off = self.bytes_max_ > 0 && self.bytes_sent >= self.bytes_max_;
        if (is_off || request.path == "/absent.gguf") {
            co_await exchange.respond(http_api::empty_answer(is_off ? 503 : 404));
            co_return;
        }
        const auto part = self.part_of(request);
        auto body = self.content.substr(part.begin, part.end - part.begin);
        net::Response head{part.status, {{"ETag", "\"" + sha256_hex(self.content).substr(0, 8) + "\""}}, {}};
        head.headers.set("Content-Range", "bytes " + std::to_string(part.begin) + "-" + std::to_string(part.end - 1) +
                                              "/" + std::to_string(self.content.size()));
        const bool is_cut = self.cuts_left_ > 0 && body.size() > self.cut_bytes_;
        if (is_cut) {
            --self.cuts_left_;
            ++self.cuts_;
            body.resize(self.cut_bytes_);
        }
        self.bytes_sent += body.size();
        co_await exchange.start(std::move(head));
        if (self.hold_bytes_ > 0 && body.size() > self.hold_bytes_) {
            co_await exchange.write(body.substr(0, self.hold_bytes_));
            body.erase(0, self.hold_bytes_);
            ++self.held_;
            boost::system::error_code error;
            co_await self.released_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
        }
        co_await exchange.write(std::move(body));
        if (!is_cut) co_await exchange.finish();  // without it the server cuts the connection
    }

    net::Server server_;
    std::uint16_t port_;
    std::size_t cut_bytes_ = 0;
    unsigned cuts_left_ = 0;
    std::size_t bytes_max_ = 0;
    boost::asio::steady_timer released_;  ///< never expires; cancelled when held answers go on
    std::size_t hold_bytes_ = 0;
    unsigned held_ = 0;
    unsigned ranges_ = 0;
    unsigned cuts_ = 0;
    std::string last_path_;
};

}  // namespace rbees::poold
