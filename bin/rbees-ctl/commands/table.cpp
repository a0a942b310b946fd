#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "cli/command.hpp"
#include "commands/handlers.hpp"
#include "commands/table_tasks.hpp"

namespace rbees::ctl {
namespace {

using enum Presence;
using enum ValueKind;

// Operands and flags that several commands take.
const Operand model_operand{"MODEL", required, "id of a model, as `rbees models list --all` shows it", "",
                            Completion::models};
const Operand worker_operand{"WORKER", required, "id of a worker, as `rbees workers list` shows it", "",
                             Completion::workers};
const Operand backup_operand{"PATH", required, "the backup's file; PATH.manifest lies beside it", "",
                             Completion::files};
const Flag config_flag{
    "--config",       0, ValueKind::text, "PATH", "configuration file instead of the home's config.toml", "",
    Completion::files};

const std::array first_commands{
    Command{
        "up",
        "start everything, with a model that is ready to use",
        "Does nothing where everything runs already. Without MODEL it takes the option models.default, the model of\n"
        "the last `rbees up MODEL`, or the best small one that can be fetched. The address is kept for later starts.",
        {{"MODEL", optional, "id of a model, or sim:NAME for a simulated one", "", Completion::models}},
        {{"--listen", 0, endpoints, "HOST:PORT", "where rbees-orcd listens from now on; port 0 takes a free one"},
         {"--no-download", 0, none, "", "do not fetch a model"}},
        {{"rbees up", "start, with the default model"},
         {"rbees up smollm2", "start, with this model"},
         {"rbees up --listen 127.0.0.1:0", "start on any free port"}},
        run_up},
    Command{"down",
            "stop everything, workers too",
            "Work in flight is finished first; what takes longer than --timeout (45s) is killed.",
            {},
            {},
            {{"rbees down", "stop everything"}, {"rbees down --timeout 5s", "stop everything soon"}},
            run_down},
    Command{"status",
            "which processes run, and where",
            "Exit code 0 if rbees-orcd runs, 1 if not.",
            {},
            {},
            {{"rbees status", "a table for people"}, {"rbees status --json", "the same for programs"}},
            run_status},
    Command{"run",
            "ask a model, and show the answer as it comes",
            "A model that is on disk is loaded when it is first asked. Ctrl-C stops the answer.",
            {{"PROMPT", rest, "what to ask; `-` reads it from stdin", "", Completion::none}},
            {{"--model", 'm', text, "MODEL", "which model; without it the default", "", Completion::models},
             {"--system", 0, text, "TEXT", "what the model is told beforehand"},
             {"--max-tokens", 0, whole_number, "N", "longest answer"},
             {"--temperature", 0, number, "T", "0 for the likeliest words, more for variety"}},
            {{"rbees run \"Why is the sky blue?\"", "ask the default model"},
             {"rbees run --model smollm2 --max-tokens 50 \"Write a haiku\"", "ask this one, briefly"},
             {"cat report.txt | rbees run --system \"Summarise\" -", "read the prompt from stdin"}},
            run_run},
    Command{"doctor",
            "look for what is wrong, and say how to mend it",
            "Exit code 1 if anything is marked with a cross.",
            {},
            {{"--deep", 0, none, "", "also read every model file and compare its hash"}},
            {{"rbees doctor", "check this home"}, {"rbees doctor --deep", "also every byte of the models"}},
            run_doctor},

    Command{"orchestrator start",
            "start rbees-orcd and the pool manager, without looking for a model",
            "",
            {},
            {config_flag},
            {{"rbees orchestrator start", "start, or do nothing where it runs"},
             {"rbees orchestrator start --config lab.toml", "with another configuration"}},
            run_orchestrator_start},
    Command{"orchestrator stop",
            "stop rbees-orcd and the pool manager; workers go on",
            "",
            {},
            {},
            {{"rbees orchestrator stop", "for an upgrade: the next start takes the workers over"},
             {"rbees down", "stop the workers too"}},
            run_orchestrator_stop},
    Command{"orchestrator restart",
            "stop and start; workers go on",
            "",
            {},
            {config_flag},
            {{"rbees orchestrator restart", "take a new configuration"},
             {"rbees orchestrator restart --config lab.toml", "from this file"}},
            run_orchestrator_restart},
    Command{"orchestrator status",
            "version, readiness, and how many nodes and workers it sees",
            "Exit code 0 if it can serve requests, 1 if not.",
            {},
            {config_flag},
            {{"rbees orchestrator status", "for people"}, {"rbees orchestrator status --json", "for programs"}},
            run_orchestrator_status},
    Command{
        "orchestrator health",
        "whether it answers",
        "Exit code 0 if it is healthy, 1 if not.",
        {},
        {config_flag},
        {{"rbees orchestrator health", "prints `healthy`"}, {"rbees orchestrator health --timeout 1s", "with a limit"}},
        run_orchestrator_health},
    Command{"orchestrator logs",
            "what rbees-orcd wrote to its log",
            "With --json the lines come as they are in the file.",
            {},
            {{"--follow", 'f', none, "", "go on with what is added, until Ctrl-C"},
             {"--lines", 'n', whole_number, "N", "how many of the last lines (100)"}},
            {{"rbees orchestrator logs", "the last lines"}, {"rbees orchestrator logs -f -n 10", "and what follows"}},
            run_orchestrator_logs},
};

const std::array later_commands{
    Command{"models list",
            "models on disk, loaded or on their way",
            "",
            {},
            {{"--all", 'a', none, "", "also what can be fetched"}},
            {{"rbees models list", "what is here"}, {"rbees models list --all", "everything in the catalogue"}},
            run_models_list},
    Command{"models pull",
            "fetch a model's file, or mend it",
            "A file that is here and was changed since it was verified is read, and fetched again if it is not what it "
            "was.\n"
            "Ctrl-C stops the looking, not the download; `rbees models rm MODEL` stops that.",
            {model_operand},
            {{"--verify", 0, none, "", "read every byte of a file that is here, changed or not"}},
            {{"rbees models pull smollm2", "fetch this one"},
             {"rbees models pull --verify smollm2", "or look whether it is whole"}},
            run_models_pull},
    Command{"models load",
            "start a worker for a model, unless one runs",
            "Ctrl-C stops the looking, not the loading.",
            {model_operand},
            {},
            {{"rbees models load smollm2", "so that the first request need not wait"},
             {"rbees models load sim:fast?slots=2", "a simulated one, without a file"}},
            run_models_load},
    Command{"models unload",
            "stop the workers of a model",
            "Its file stays.",
            {model_operand},
            {},
            {{"rbees models unload smollm2", "free its memory"}, {"rbees workers list", "see what is loaded"}},
            run_models_unload},
    Command{"models rm",
            "delete a model's file, and stop its download and its workers",
            "Asks first; where nobody can answer it needs --yes. Nothing of an unfinished download stays.",
            {model_operand},
            {{"--yes", 'y', none, "", "do not ask"}},
            {{"rbees models rm smollm2", "asks, then deletes"}, {"rbees models rm smollm2 --yes", "for scripts"}},
            run_models_rm},

    Command{"workers list",
            "workers: model, state, and how busy",
            "",
            {},
            {},
            {{"rbees workers list", "for people"}, {"rbees workers list --json", "for programs"}},
            run_workers_list},
    Command{"workers get",
            "everything about one worker",
            "",
            {worker_operand},
            {},
            {{"rbees workers get WORKER", "for people"}, {"rbees workers get WORKER --json", "for programs"}},
            run_workers_get},
    Command{"workers stop",
            "let one worker finish its work, then stop it",
            "",
            {worker_operand},
            {},
            {{"rbees workers stop WORKER", "this one only"}, {"rbees models unload MODEL", "every worker of a model"}},
            run_workers_stop},

    Command{"nodes list",
            "machines: state, workers, models",
            "",
            {},
            {},
            {{"rbees nodes list", "for people"}, {"rbees nodes list --json", "for programs"}},
            run_nodes_list},
    Command{"nodes get",
            "everything about one machine",
            "",
            {{"NODE", required, "id of a node, as `rbees nodes list` shows it", "", Completion::nodes}},
            {},
            {{"rbees nodes get NODE", "for people"}, {"rbees nodes get NODE --json", "with devices, for programs"}},
            run_nodes_get},

    Command{"tokens create",
            "make a token; it is shown this once",
            "",
            {{"NAME", required, "for whom or what it is", "", Completion::none}},
            {{"--role", 0, text, "ROLE", "what it may do", "admin|node"},
             {"--expires", 0, duration, "TIME", "how long it is good for, for example 30d; without it for ever"}},
            {{"rbees tokens create laptop", "for another program or machine"},
             {"rbees tokens create demo --expires 30d", "for a month"}},
            run_tokens_create},
    Command{"tokens list",
            "all tokens, without their secrets",
            "",
            {},
            {},
            {{"rbees tokens list", "for people"}, {"rbees tokens list --json", "for programs"}},
            run_tokens_list},
    Command{"tokens revoke",
            "make a token useless at once",
            "",
            {{"TOKEN", required, "id of a token, as `rbees tokens list` shows it", "", Completion::tokens}},
            {},
            {{"rbees tokens revoke TOKEN", "by its id"}, {"rbees tokens list", "see the ids"}},
            run_tokens_revoke},

    Command{"audit verify",
            "read all of the journal, and say whether anything in it is missing or was changed",
            "Asks rbees-orcd; reads the file itself where that does not run. Exit code 0 if all is good, else 1.",
            {},
            {{"--file", 0, text, "PATH", "this file instead: a journal that nobody has open, or a backup", "",
              Completion::files}},
            {{"rbees audit verify", "check this home's journal"},
             {"rbees audit verify --file old/orcd.db", "check another one"}},
            run_audit_verify},

    Command{"backup create",
            "copy the journal into a new file, also while it is in use, and check the copy",
            "In it: tokens, nodes, workers, added models, tasks with their text. Not in it: config.toml, secrets/,\n"
            "model files and logs. The file is for its owner only, and PATH.manifest beside it belongs to it.",
            {backup_operand},
            {},
            {{"rbees backup create /backup/rbees-monday", "while everything runs, or nothing"},
             {"rbees backup create \"$PWD/before-upgrade\" --json", "for scripts"}},
            run_backup_create},
    Command{"backup verify",
            "read all of a backup, and say whether it is good",
            "",
            {backup_operand},
            {},
            {{"rbees backup verify /backup/rbees-monday", "before it is needed"},
             {"rbees backup verify /backup/rbees-monday --json", "for scripts"}},
            run_backup_verify},
    Command{"backup restore",
            "put a backup in the journal's place; what was there is moved aside",
            "rbees-orcd must not run. Asks first; where nobody can answer it needs --yes.",
            {backup_operand},
            {{"--yes", 'y', none, "", "do not ask"}},
            {{"rbees down && rbees backup restore /backup/rbees-monday", "asks, then goes back"},
             {"rbees backup restore /backup/rbees-monday --yes", "for scripts"}},
            run_backup_restore},

    Command{"config view",
            "every option, its value, and where it was set",
            "",
            {},
            {},
            {{"rbees config view", "for people"}, {"rbees config view --json", "with descriptions, for programs"}},
            run_config_view},

    Command{"completion",
            "a script that completes command lines on Tab",
            "",
            {{"SHELL", required, "your shell", "bash|zsh|fish", Completion::none}},
            {},
            {{"source <(rbees completion bash)", "in ~/.bashrc"},
             {"source <(rbees completion zsh)", "in ~/.zshrc, after compinit"},
             {"rbees completion fish > ~/.config/fish/completions/rbees.fish", "for fish"}},
            run_completion},
    Command{"version",
            "which build of rbees and of rbees-orcd this is",
            "",
            {},
            {},
            {{"rbees version", "for people"}, {"rbees version --json", "for programs"}},
            run_version},
    Command{"help",
            "help about a command, or a page: exit-codes, environment, files",
            "",
            {{"TOPIC", any, "a command or a page", "", Completion::commands}},
            {},
            {{"rbees help models pull", "as `rbees models pull --help`"}, {"rbees help exit-codes", "a page"}},
            run_help},
};

}  // namespace

std::span<const Command> commands() {
    static const auto table = [] {
        std::vector<Command> all(first_commands.begin(), first_commands.end());
        std::ranges::copy(task_commands(), std::back_inserter(all));
        std::ranges::copy(later_commands, std::back_inserter(all));
        return all;
    }();
    return table;
}

const Command* find_command(std::string_view words) {
    const auto found = std::ranges::find(commands(), words, &Command::words);
    return found == commands().end() ? nullptr : &*found;
}

std::vector<const Command*> commands_of(const Group& group) {
    std::vector<const Command*> found;
    for (const auto& command : commands()) {
        if (command.words.starts_with(std::string(group.word) + " ")) found.push_back(&command);
    }
    return found;
}

}  // namespace rbees::ctl
