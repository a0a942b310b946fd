#include "downloads/partial_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "limits.hpp"
#include "rbees/reflect/read.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::poold {
namespace {

namespace fs = std::filesystem;

fs::path journal_path(const fs::path& target) {
    return target.native() + ".partial.json";
}

pool::RangeSet read_done(const fs::path& target, const pool::RemoteFile& remote, std::uint64_t size) {
    const auto text = read_file(journal_path(target));
    if (!text) return {};
    const auto journal = reflect::from_json_text<pool::DownloadJournal>(*text);
    if (!journal) return {};
    auto done = pool::resumable(*journal, remote);
    const bool is_there = done.ranges().empty() || done.ranges().back().end <= size;
    return is_there ? done : pool::RangeSet();
}

std::unexpected<Failure> disk_full(const fs::path& file, std::uint64_t missing) {
    const auto free = free_space(file.parent_path()).value_or(Bytes(0));
    const auto lacking = pool::space_lacking(Bytes(missing), free, limits::space_reserve);
    return fail(
        fmt::format("the disk is full: {} more are needed in {}", describe(lacking), file.parent_path().native()),
        "free some space and pull the model again; what is there is kept");
}

}  // namespace

PartialFile::PartialFile(fs::path target, pool::RemoteFile remote, UniqueFd fd, pool::RangeSet done, WriteAt write_at)
    : target_(std::move(target)),
      remote_(std::move(remote)),
      fd_(std::move(fd)),
      done_(std::move(done)),
      write_at_(std::move(write_at)) {}

fs::path PartialFile::path_for(const fs::path& target) {
    return target.native() + ".partial";
}

Result<PartialFile> PartialFile::open(const fs::path& target, const pool::RemoteFile& remote, WriteAt write_at) {
    const auto path = path_for(target);
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd.valid()) return fail_with_errno(fmt::format("cannot write {}", path.native()));
    const auto size = ::lseek(fd.get(), 0, SEEK_END);
    auto done = read_done(target, remote, size < 0 ? 0 : static_cast<std::uint64_t>(size));
    if (done.ranges().empty() && ::ftruncate(fd.get(), 0) != 0) {
        return fail_with_errno(fmt::format("cannot write {}", path.native()));
    }
    const auto missing = remote.total.value_or(0) - std::min(done.bytes(), remote.total.value_or(0));
    const auto free = free_space(target.parent_path());
    if (free && pool::space_lacking(Bytes(missing), *free, limits::space_reserve) > Bytes(0)) {
        return disk_full(target, missing);
    }
    return PartialFile(target, remote, std::move(fd), std::move(done), std::move(write_at));
}

Result<void> PartialFile::write(std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = write_at_(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == ENOSPC || errno == EDQUOT)) {
            const auto total = remote_.total.value_or(offset + bytes.size());
            return disk_full(target_, total - std::min(total, done_.bytes()));
        }
        if (count <= 0) return fail_with_errno(fmt::format("cannot write {}", path_for(target_).native()));
        const auto written = static_cast<std::uint64_t>(count);
        done_.add({offset, offset + written});
        offset += written;
        bytes.remove_prefix(written);
    }
    return {};
}

pool::DownloadJournal PartialFile::journal() const {
    return {remote_.source, remote_.total.value_or(0), remote_.validator, done_.ranges()};
}

Result<void> PartialFile::save(const pool::DownloadJournal& journal) const {
    if (::fdatasync(fd_.get()) != 0) return fail_with_errno(fmt::format("cannot sync {}", path_for(target_).native()));
    return write_file_atomically(journal_path(target_), reflect::to_json_text(journal), FileAccess::everyone);
}

void PartialFile::discard(const fs::path& target) {
    std::error_code error;
    fs::remove(path_for(target), error);
    fs::remove(journal_path(target), error);
}

}  // namespace rbees::poold
