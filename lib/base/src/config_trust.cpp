#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_sources.hpp"

namespace rbees {
namespace {

bool is_owner_trusted(const struct stat& seen) {
    return seen.st_uid == 0 || seen.st_uid == ::geteuid();
}

}  // namespace

std::optional<std::string> reason_for_distrust(const std::filesystem::path& path) {
    struct stat link{};
    struct stat file{};
    if (::lstat(path.c_str(), &link) != 0 || ::stat(path.c_str(), &file) != 0) return std::nullopt;
    if (!is_owner_trusted(link) || !is_owner_trusted(file)) {
        const auto owner = is_owner_trusted(link) ? file.st_uid : link.st_uid;
        return fmt::format("it belongs to another user (number {})", owner);
    }
    const bool is_group_private = file.st_gid == file.st_uid;
    if ((file.st_mode & S_IWOTH) != 0) return "every user may write it";
    if ((file.st_mode & S_IWGRP) != 0 && !is_group_private) return "its group may write it";
    return std::nullopt;
}

}  // namespace rbees
