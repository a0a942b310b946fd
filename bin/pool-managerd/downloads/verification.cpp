#include "downloads/verification.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "models/gguf_header.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/hash.hpp"
#include "rbees/pool_core/download_plan.hpp"

namespace rbees::poold {
namespace {

constexpr std::size_t block_bytes = 1 << 20;
constexpr std::size_t header_bytes_max = 8 << 20;  // tokens of a large vocabulary may lie before a value

/// What one reading of a file gives.
struct Contents {
    std::string sha256;
    std::string beginning;
    std::uint64_t size = 0;
};

Result<Contents> read_whole(const std::filesystem::path& file, Reading& reading) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) return fail_with_errno(fmt::format("cannot read {}", file.native()));
    static_cast<void>(::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL));
    Sha256 hash;
    Contents contents;
    std::string block(block_bytes, '\0');
    while (true) {
        const auto count = ::read(fd.get(), block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return fail_with_errno(fmt::format("cannot read {}", file.native()));
        if (reading.stop.requested()) return fail("the download was stopped");
        if (count == 0) break;
        const auto piece = std::string_view(block).substr(0, static_cast<std::size_t>(count));
        hash.update(piece);
        if (contents.beginning.size() < header_bytes_max) contents.beginning += piece;
        contents.size += piece.size();
        reading.bytes = contents.size;
    }
    contents.sha256 = to_hex(hash.finish());
    return contents;
}

}  // namespace

Result<Manifest> verify_model(const std::filesystem::path& file, const contracts::ModelSpec& spec,
                              const std::optional<std::string>& pinned, Reading& reading) {
    const auto contents = read_whole(file, reading);
    if (!contents) return std::unexpected(contents.error());
    if (auto right = pool::check_hash(spec.sha256, contents->sha256); !right) return fail(right.error());
    if (auto right = pool::check_hash(pinned, contents->sha256); !right) {
        return fail(right.error() + ", which differs from the first download");
    }
    const auto header = read_gguf_header(contents->beginning);
    if (!header) return fail(header.error());
    const bool is_told = spec.kind != contracts::ModelKind::chat;
    return Manifest{.id = spec.id,
                    .size = Bytes(contents->size),
                    .sha256 = contents->sha256,
                    .kind = is_told ? spec.kind : kind_of(*header),
                    .sources = spec.sources};
}

}  // namespace rbees::poold
