#include "conversation.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "rbees/base/numbers.hpp"

namespace rbees::orcd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience(30);

}  // namespace

Conversation::Conversation(const Asking& asking) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int small = 32 * 1024;  // so that a client that does not read is soon felt at the other end
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(asking.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return;
    std::string text = std::string(asking.method) + " " + std::string(asking.target) + " HTTP/1.0\r\nHost: here\r\n";
    if (!asking.token.empty()) text += "Authorization: Bearer " + std::string(asking.token) + "\r\n";
    if (!asking.header.empty()) text += std::string(asking.header) + "\r\n";
    if (!asking.body.empty()) text += "Content-Type: application/json\r\n";
    text += "Content-Length: " + std::to_string(asking.body.size()) + "\r\n\r\n" + std::string(asking.body);
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
}

Conversation::Read Conversation::read_some(Clock::time_point limit) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - Clock::now());
    pollfd waiting{socket_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) != 1) {
        ADD_FAILURE() << "nothing came; so far: " << received_.substr(0, 2'000);
        return Read::end;
    }
    std::array<char, 16'384> buffer{};
    const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count <= 0) return Read::end;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return Read::some;
}

bool Conversation::wait_for(std::string_view text) {
    const auto limit = Clock::now() + patience;
    while (!received_.contains(text)) {
        if (read_some(limit) == Read::end) return false;
    }
    return true;
}

int Conversation::status() {
    if (!wait_for("\r\n\r\n")) return 0;
    constexpr std::size_t at = std::string_view("HTTP/1.1 ").size();
    return parse_whole<int>(std::string_view(received_).substr(at, 3)).value_or(0);
}

std::string Conversation::body() {
    const auto limit = Clock::now() + patience;
    while (read_some(limit) == Read::some) {
    }
    const auto head = received_.find("\r\n\r\n");
    return head == std::string::npos ? std::string() : received_.substr(head + 4);
}

void Conversation::leave() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
}

Answer ask_once(const Asking& asking) {
    Conversation conversation(asking);
    const auto status = conversation.status();
    auto body = conversation.body();
    const auto& all = conversation.received();
    return {.status = status, .head = all.substr(0, all.size() - body.size()), .body = std::move(body)};
}

}  // namespace rbees::orcd
