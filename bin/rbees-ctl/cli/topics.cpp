#include <fmt/format.h>

#include <array>

#include "cli/help.hpp"
#include "cli/outcome.hpp"

namespace rbees::ctl {
namespace {

std::string exit_codes_page() {
    std::string text = "How rbees exits:\n\n";
    for (const auto& row : exit_codes()) {
        text += fmt::format("  {:3}  {}\n", static_cast<int>(row.code), row.meaning);
    }
    return text + "\nWith --json an error is written to stderr as {\"code\", \"message\", \"hint\", \"request_id\"}.\n";
}

std::string environment_page() {
    return "Variables that rbees reads:\n\n"
           "  RBEES_HOME    one folder for everything that rbees keeps (as --home)\n"
           "  RBEES_URL     address of rbees-orcd (as --url); without it, the one of the home. up, down, status, "
           "doctor\n"
           "                and orchestrator start, stop, restart are about the home and do not follow it\n"
           "  RBEES_TOKEN   token for it; without it, the home's own, for addresses on this machine only\n"
           "  RBEES_CACHE   downloads and conversions, shared by all homes\n"
           "  RBEES_...     any option of `rbees config view`: worker.slots is RBEES_WORKER_SLOTS\n"
           "  HF_ENDPOINT   another address for models from Hugging Face; read by the pool manager when it starts\n"
           "  HF_TOKEN      token for gated models there; read by the pool manager when it starts\n"
           "  RBEES_RECIPES another folder of recipes for models that are converted here; as the two above\n"
           "  NO_COLOR      no colours, if it is not empty (as --no-color)\n"
           "\nOrder, the first that is set wins: option of the command line, variable, .env and rbees.toml of the\n"
           "working folder, the home's config.toml, /etc/rbees/config.toml.\n";
}

std::string files_page() {
    return "Where things lie. With --home DIR or RBEES_HOME, all of it under that folder:\n\n"
           "  config.toml           what you set; `rbees config view` shows it with its origin\n"
           "  state/                journal, worker records, which processes run, the address kept by `rbees up`\n"
           "  models/               model files that this machine serves\n"
           "  logs/                 one file a process; NAME.log.1 and so on are older\n"
           "  secrets/admin.token   the token of this home (0600); programs send it as `Authorization: Bearer`\n"
           "  run/                  locks\n"
           "\nWithout it: $XDG_CONFIG_HOME/rbees, $XDG_STATE_HOME/rbees (state, logs, secrets),\n"
           "$XDG_DATA_HOME/rbees/models, $XDG_RUNTIME_DIR/rbees (locks; else among the state).\n"
           "Downloads lie in RBEES_CACHE, else $XDG_CACHE_HOME/rbees, and are shared by all homes.\n";
}

constexpr std::array table{
    Topic{"exit-codes", "what the exit codes mean", exit_codes_page},
    Topic{"environment", "variables, and the order of configuration", environment_page},
    Topic{"files", "where things lie", files_page},
};

}  // namespace

std::span<const Topic> topics() {
    return table;
}

}  // namespace rbees::ctl
