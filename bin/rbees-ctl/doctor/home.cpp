#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/checks.hpp"
#include "house/preparation.hpp"
#include "rbees/base/files.hpp"
#include "rbees/base/shell.hpp"

namespace rbees::ctl {
namespace {

namespace fs = std::filesystem;

constexpr Bytes space_needed = mebibytes(512);
constexpr Bytes space_wanted = mebibytes(5 * 1024);

/// Mode bits and owner of a file; nothing if it is not there.
std::optional<struct stat> look_at(const fs::path& path) {
    struct stat seen{};
    if (::stat(path.c_str(), &seen) != 0) return std::nullopt;
    return seen;
}

/// The folder itself, or the nearest one above it that is there.
fs::path nearest_folder(fs::path folder) {
    while (!look_at(folder) && folder.has_relative_path()) {
        folder = folder.parent_path();
    }
    return folder;
}

Finding judge_folder(const fs::path& folder, std::string_view name) {
    const auto id = fmt::format("folder.{}", name);
    const auto seen = look_at(folder);
    if (!seen) return {id, Verdict::doubtful, fmt::format("{} is not there yet", folder.native()), "rbees up"};
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return {id, Verdict::bad, fmt::format("{} cannot be written to", folder.native()),
                fmt::format("sudo chown -R $USER {}", shell_word(folder.native()))};
    }
    if ((seen->st_mode & 077U) != 0) {
        const auto verdict = name == "secrets" ? Verdict::bad : Verdict::doubtful;
        return {id, verdict, fmt::format("{} is open to other users", folder.native()),
                fmt::format("chmod 700 {}", shell_word(folder.native()))};
    }
    return {id, Verdict::good, fmt::format("{} is private and can be written to", folder.native()), {}};
}

Finding judge_secret(const fs::path& file, std::string_view name) {
    const auto id = fmt::format("secret.{}", name);
    const auto seen = look_at(file);
    if (!seen) return {id, Verdict::doubtful, fmt::format("{} is not there yet", file.native()), "rbees up"};
    if ((seen->st_mode & 077U) == 0) return {id, Verdict::good, fmt::format("{} is private", file.native()), {}};
    return {id, Verdict::bad, fmt::format("{} can be read by other users", file.native()),
            fmt::format("chmod 600 {}; if somebody may have read it, make a new one", shell_word(file.native()))};
}

JournalFiles look_at_journal(const fs::path& journal) {
    JournalFiles files{.was_written = look_at(journal.native() + ".head").has_value()};
    if (!look_at(journal)) return files;
    files.size = Bytes(0);
    for (const auto& file : {journal, fs::path(journal.native() + "-wal")}) {
        const auto seen = look_at(file);
        if (!seen) continue;
        files.size->value += static_cast<std::uint64_t>(seen->st_size);
        if (::access(file.c_str(), R_OK | W_OK) != 0) files.unwritable = file;
    }
    return files;
}

Finding judge_space(const fs::path& folder) {
    const auto space = free_space(folder);
    if (!space) return {"disk.space", Verdict::doubtful, space.error().message, space.error().remedy};
    const auto words = fmt::format("disk: {} free for models", describe(*space));
    if (*space < space_needed) {
        return {"disk.space", Verdict::bad, words + "; rbees takes no new work",
                "rbees models rm MODEL, or free some space"};
    }
    if (*space < space_wanted) {
        return {"disk.space", Verdict::doubtful, words + ", enough for small ones only", "rbees models rm MODEL"};
    }
    return {"disk.space", Verdict::good, words, {}};
}

}  // namespace

Finding judge_journal(const fs::path& journal, const JournalFiles& files) {
    if (!files.size && files.was_written) {
        return {"journal", Verdict::bad, fmt::format("the journal {} is gone, though it had records", journal.native()),
                "put it back, or go back to a backup: rbees backup restore PATH"};
    }
    if (!files.size) {
        return {"journal", Verdict::doubtful, fmt::format("the journal {} is not there yet", journal.native()),
                "rbees up"};
    }
    if (files.unwritable) {
        return {"journal", Verdict::bad,
                fmt::format("{} of the journal cannot be written to, so nothing can be accepted",
                            files.unwritable->native()),
                fmt::format("sudo chown $USER {0} && chmod 600 {0}", shell_word(files.unwritable->native()))};
    }
    return {
        "journal",
        Verdict::good,
        fmt::format("journal: {}, can be written to; `rbees audit verify` reads all of it and says whether it is whole",
                    describe(*files.size)),
        {}};
}

void check_home(const Home& home, Findings& findings) {
    if (!was_ever_started(home)) {
        findings.push_back({"home", Verdict::doubtful, "rbees was never started with this home", "rbees up"});
        findings.push_back(judge_space(nearest_folder(home.models)));
        return;
    }
    findings.push_back(judge_folder(home.state, "state"));
    findings.push_back(judge_folder(home.models, "models"));
    findings.push_back(judge_folder(home.secrets, "secrets"));
    findings.push_back(judge_secret(home.admin_token(), "admin.token"));
    findings.push_back(judge_secret(home.node_token(), "node.token"));
    findings.push_back(judge_journal(home.journal(), look_at_journal(home.journal())));
    findings.push_back(judge_space(nearest_folder(home.models)));
}

}  // namespace rbees::ctl
