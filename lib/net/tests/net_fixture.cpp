#include "net_fixture.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace rbees::net::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

Response error_body(const ServerError& error) {
    Response response{.status = error.status, .headers = {}, .body = std::string(error.detail)};
    response.headers.set("X-Limit", error.limit);
    response.headers.set("X-Target", error.target);
    return response;
}

}  // namespace

std::string RawAnswer::header(std::string_view name) const {
    const auto at = head.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

RawConnection::RawConnection(UniqueFd fd) : fd_(std::move(fd)) {}

RawConnection RawConnection::to(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = loopback(port);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return RawConnection(std::move(fd));
}

void RawConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;  // the peer is gone; what it said before tells why
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

bool RawConnection::more() {
    pollfd wait{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(deadline).count();
    if (::poll(&wait, 1, static_cast<int>(milliseconds)) <= 0) {
        ADD_FAILURE() << "nothing came within the deadline";
        return false;
    }
    std::array<char, 65536> bytes{};
    const auto count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) return false;
    received_.append(bytes.data(), static_cast<std::size_t>(count));
    return true;
}

bool RawConnection::read_until(std::size_t size) {
    while (received_.size() < size) {
        if (!more()) return false;
    }
    return true;
}

bool RawConnection::read_chunks(std::string& body) {
    for (;;) {
        auto end = received_.find("\r\n");
        while (end == std::string::npos) {
            if (!more()) return false;
            end = received_.find("\r\n");
        }
        const auto size = std::stoul(received_.substr(0, end), nullptr, 16);
        if (!read_until(end + 2 + size + 2)) return false;
        body += received_.substr(end + 2, size);
        EXPECT_EQ(received_.substr(end + 2 + size, 2), "\r\n");
        received_.erase(0, end + 2 + size + 2);
        if (size == 0) return true;
    }
}

RawAnswer RawConnection::answer(std::string_view method) {
    RawAnswer answer;
    while (!received_.contains("\r\n\r\n")) {
        if (!more()) return answer;
    }
    answer.head = received_.substr(0, received_.find("\r\n\r\n") + 4);
    received_.erase(0, answer.head.size());
    answer.status = std::stoi(answer.head.substr(9, 3));
    const auto has_no_body = method == "HEAD" || answer.status < 200 || answer.status == 204 || answer.status == 304;
    if (has_no_body) {
        answer.is_whole = true;
    } else if (answer.header("Transfer-Encoding") == "chunked") {
        answer.is_whole = read_chunks(answer.body);
    } else if (!answer.header("Content-Length").empty()) {
        const auto length = std::stoul(answer.header("Content-Length"));
        answer.is_whole = read_until(length);
        answer.body = received_.substr(0, length);
        received_.erase(0, answer.body.size());
    } else {
        answer.body = rest();
        answer.is_whole = true;
    }
    return answer;
}

std::string RawConnection::take_head() {
    auto head = received_.substr(0, received_.find("\r\n\r\n") + 4);
    received_.erase(0, head.size());
    return head;
}

std::string RawConnection::rest() {
    while (more()) {
    }
    return std::exchange(received_, {});
}

bool RawConnection::wait_for_text(std::string_view text) {
    while (!received_.contains(text)) {
        if (!more()) return false;
    }
    return true;
}

void RawConnection::abort() {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close();
}

RawListener::RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
}

RawConnection RawListener::accept() {
    pollfd wait{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(deadline).count();
    EXPECT_EQ(::poll(&wait, 1, static_cast<int>(milliseconds)), 1) << "nobody connected within the deadline";
    return RawConnection(UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
}

ServerUnderTest::ServerUnderTest(Handler handler, ServerLimits limits, HeadCheck check)
    : server_(std::make_unique<Server>(io_, std::move(limits), std::move(handler), error_body, Logger())) {
    if (check) server_->check_heads(std::move(check));
    const auto port = server_->listen("127.0.0.1", 0);
    EXPECT_TRUE(port.has_value()) << describe(port.error());
    port_ = port.value_or(0);
    thread_ = std::thread([this] {
        const auto work = boost::asio::make_work_guard(io_);
        io_.run();
    });
}

ServerUnderTest::~ServerUnderTest() {
    post([this] {
        server_->stop();
        io_.stop();
    });
    thread_.join();
    server_.reset();
}

void ServerUnderTest::post(std::function<void()> work) {
    boost::asio::post(io_, std::move(work));
}

bool ServerUnderTest::wait_for_load(const std::function<bool(Server::Load)>& predicate) {
    const auto give_up_at = std::chrono::steady_clock::now() + deadline;
    while (std::chrono::steady_clock::now() < give_up_at) {
        const auto load = on_thread([](Server& server) { return server.load(); });
        if (predicate(load)) return true;
        std::this_thread::yield();
    }
    return false;
}

}  // namespace rbees::net::testing
