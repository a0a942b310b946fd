#include "rbees/daemon/process_file.hpp"

#include <unistd.h>

#include <system_error>

#include "rbees/base/files.hpp"
#include "rbees/contracts/operations.hpp"
#include "rbees/process/process.hpp"
#include "rbees/reflect/json.hpp"
#include "rbees/reflect/write.hpp"

namespace rbees::daemon {

Result<ProcessFile> ProcessFile::write(std::filesystem::path path, std::string name, std::optional<std::string> url) {
    auto identity = process::identify(::getpid());
    if (!identity) return std::unexpected(identity.error());
    contracts::ProcessFile content;
    content.name = std::move(name);
    content.pid = identity->pid;
    content.start_time = identity->start_time;
    content.boot_id = std::move(identity->boot_id);
    content.url = std::move(url);
    const auto text = reflect::to_pretty_text(reflect::to_json(content)) + "\n";
    if (auto written = write_file_atomically(path, text, FileAccess::owner_only); !written) {
        return std::unexpected(written.error());
    }
    return ProcessFile(std::move(path));
}

ProcessFile::~ProcessFile() {
    std::error_code ignored;  // a file that is gone already is as good
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

ProcessFile::ProcessFile(ProcessFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

}  // namespace rbees::daemon
