#include "house/ports.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <expected>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <system_error>

#include "rbees/base/files.hpp"

namespace rbees::ctl {
namespace {

namespace fs = std::filesystem;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// Why there is no listening socket.
struct ListenFailure {
    Failure failure;
    int error = 0;  ///< errno; 0 where no socket was tried
};

/// A listening socket on that address.
std::expected<UniqueFd, ListenFailure> try_listen(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const int unknown = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (unknown != 0) {
        return std::unexpected(ListenFailure{
            {fmt::format("'{}' is no address: {}", host, ::gai_strerror(unknown)), "listen on 127.0.0.1"}});
    }
    const Addresses addresses(found, ::freeaddrinfo);
    UniqueFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // as servers do: closed connections do not count
    if (::bind(fd.get(), found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd.get(), 1) == 0) return fd;
    const int error = errno;
    return std::unexpected(
        ListenFailure{fail_with_errno(fmt::format("cannot listen on {}:{}", host, port)).error(), error});
}

std::set<std::string> listening_inodes(std::uint16_t port) {
    std::set<std::string> inodes;
    for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::istringstream lines(read_file(table).value_or(""));
        std::string line;
        while (std::getline(lines, line)) {
            std::istringstream fields(line);
            std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
            fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
            const bool is_it = state == "0A" && local.ends_with(fmt::format(":{:04X}", port));  // 0A: TCP_LISTEN
            if (is_it) inodes.insert(fmt::format("socket:[{}]", inode));
        }
    }
    return inodes;
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& sockets) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(process / "fd", error)) {
        if (sockets.contains(fs::read_symlink(entry.path(), error).native())) return true;
    }
    return false;
}

}  // namespace

Result<PortState> probe_port(const std::string& host, std::uint16_t port) {
    const auto fd = try_listen(host, port);
    if (fd) return PortState::free;
    if (fd.error().error == EADDRINUSE) return PortState::taken;
    return std::unexpected(fd.error().failure);
}

Result<std::uint16_t> free_port(const std::string& host) {
    const auto fd = try_listen(host, 0);
    if (!fd) return std::unexpected(fd.error().failure);
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(fd->get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        return fail_with_errno("cannot ask for a free port");
    }
    const auto port = bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                                  : reinterpret_cast<const sockaddr_in&>(bound).sin_port;
    return ntohs(port);
}

std::optional<std::string> holder_of(std::uint16_t port) {
    const auto sockets = listening_inodes(port);
    if (sockets.empty()) return std::nullopt;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const auto name = entry.path().filename().native();
        if (name.find_first_not_of("0123456789") != std::string::npos || !holds_one_of(entry.path(), sockets)) continue;
        return fmt::format("process {} ({})", name, read_first_line(entry.path() / "comm").value_or("?"));
    }
    return std::nullopt;
}

}  // namespace rbees::ctl
