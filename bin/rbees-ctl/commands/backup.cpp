#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "commands/confirm.hpp"
#include "commands/handlers.hpp"
#include "house/journal_access.hpp"
#include "house/processes.hpp"
#include "output/words.hpp"
#include "rbees/base/files.hpp"
#include "rbees/contracts/storage.hpp"
#include "rbees/store/backup.hpp"

namespace rbees::ctl {
namespace {

using contracts::Backup;

using Manifest = Result<store::BackupManifest>;

constexpr auto not_in_it = "not in it: config.toml, secrets/, model files and logs";

Backup backup_of(const std::filesystem::path& path, const store::BackupManifest& manifest) {
    return {path.native(),
            manifest.format,
            manifest.program,
            {manifest.head.sequence, to_hex(manifest.head.hash)},
            manifest.made_at};
}

/// Blocking work on a backup, beside the loop.
Checked<Backup> work_on(Session& session, const std::filesystem::path& path, const std::string& what,
                        const std::function<Manifest(const std::stop_token& stop)>& work) {
    const auto manifest = run_aside<Manifest>(session, what, work);
    if (!manifest) return std::unexpected(manifest.error());
    if (!*manifest) return failed(manifest->error());
    return backup_of(path, **manifest);
}

Checked<Backup> create_served(Session& session, const std::filesystem::path& path) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const contracts::CreateBackup wish{path.native()};
    auto request = (*api)->request("POST", "/v2/backup", reflect::to_json_text(wish));
    const auto answer = call_slowly(session, std::move(request), "making the backup");
    return (*api)->read<Backup>(answer);
}

Checked<Backup> create(Session& session, const std::filesystem::path& path) {
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    if (is_served(session, *home)) return create_served(session, path);
    std::error_code ignored;
    if (!std::filesystem::exists(home->journal(), ignored)) {
        return failed(fmt::format("there is no journal {}", home->journal().native()), "name the home with --home");
    }
    return work_on(session, path, "making the backup",
                   [&](const std::stop_token& stop) { return store::back_up(home->journal(), path, stop); });
}

std::string contents_of(const Backup& backup, const Session& session) {
    const auto& reader = session.surroundings().out.terminal;
    return fmt::format("{}: everything up to record {}, made {}\n", backup.path, backup.head.sequence,
                       time_in_words(backup.made_at, wall_now(), reader));
}

/// Nothing may start again in the middle of a restore, so the supervisor must be gone too.
Checked<void> refuse_while_running(const Home& home) {
    for (const auto& [file, name] :
         {std::pair(home.orcd_process(), orcd_name), std::pair(home.supervisor_process(), supervisor_name)}) {
        if (!is_running(read_process(file, name))) continue;
        return std::unexpected(CliError{ExitCode::failed,
                                        fmt::format("{} runs in this home; its journal cannot be replaced", name),
                                        "stop it first: rbees down",
                                        "RUNNING",
                                        {}});
    }
    return {};
}

Checked<void> confirm_restore(Session& session, const Arguments& arguments, const Home& home, const Backup& backup) {
    std::error_code ignored;
    if (!std::filesystem::exists(home.journal(), ignored)) return {};
    const auto question = fmt::format("Go back to record {} of {}? What was accepted since is moved aside.",
                                      backup.head.sequence, to_rfc3339(backup.made_at));
    return confirm(session, arguments, question, "nothing was changed");
}

}  // namespace

Outcome run_backup_create(Session& session, const Arguments& arguments) {
    const auto backup = create(session, std::filesystem::absolute(arguments.required("PATH")));
    if (!backup) return std::unexpected(backup.error());
    session.console().answer(reflect::to_json(*backup), contents_of(*backup, session));
    session.console().note(fmt::format("{0}.manifest belongs to it; {1}", backup->path, not_in_it));
    return ExitCode::ok;
}

Outcome run_backup_verify(Session& session, const Arguments& arguments) {
    const auto path = std::filesystem::absolute(arguments.required("PATH"));
    const auto backup = work_on(session, path, "checking the backup",
                                [&path](const std::stop_token& stop) { return store::verify_backup(path, stop); });
    if (!backup) return std::unexpected(backup.error());
    session.console().answer(reflect::to_json(*backup), "good: " + contents_of(*backup, session));
    return ExitCode::ok;
}

Outcome run_backup_restore(Session& session, const Arguments& arguments) {
    const auto path = std::filesystem::absolute(arguments.required("PATH"));
    const auto home = session.home();
    if (!home) return std::unexpected(home.error());
    if (auto idle = refuse_while_running(*home); !idle) return std::unexpected(idle.error());
    const auto backup = work_on(session, path, "checking the backup",
                                [&path](const std::stop_token& stop) { return store::verify_backup(path, stop); });
    if (!backup) return std::unexpected(backup.error());
    if (auto agreed = confirm_restore(session, arguments, *home, *backup); !agreed) {
        return std::unexpected(agreed.error());
    }
    if (auto made = make_private_folder(home->state); !made) return failed(made.error());
    const auto restored = store::restore_backup(path, home->journal());
    if (!restored) return failed(restored.error());
    const auto aside = restored->moved_aside.native();
    const boost::json::object said{{"backup", reflect::to_json(*backup)},
                                   {"journal", home->journal().native()},
                                   {"moved_aside", aside.empty() ? boost::json::value() : boost::json::value(aside)}};
    session.console().answer(said, fmt::format("restored {}\n", home->journal().native()));
    if (!aside.empty()) session.console().note(fmt::format("the journal that was there is {} now", aside));
    return ExitCode::ok;
}

}  // namespace rbees::ctl
