#include "commands/table_tasks.hpp"

#include <array>

#include "commands/handlers.hpp"

namespace rbees::ctl {
namespace {

using enum Presence;
using enum ValueKind;

const Operand job_operand{"JOB", required, "id of a task, as `rbees jobs list` shows it", "", Completion::jobs};
const Operand live_job_operand{"JOB", required, "id of a task, as `rbees jobs list` shows it", "",
                               Completion::live_jobs};
const Operand session_operand{"SESSION", required, "id of a session, as `rbees sessions list` shows it", "",
                              Completion::sessions};
const Operand open_session_operand{"SESSION", required, "id of a session, as `rbees sessions list` shows it", "",
                                   Completion::open_sessions};
const Flag owner_flag{"--owner",         0, text, "TOKEN", "whose it is, if not one's own: id of a token", "",
                      Completion::tokens};

const std::array task_table{
    Command{
        "jobs submit",
        "hand in a task; it is kept until it is done",
        "Prints the task's id when the task is on disk. From then on it survives the end of any process. With --wait\n"
        "the result is printed instead; Ctrl-C stops the waiting only.",
        {{"PROMPT", any, "what to ask; `-` reads it from stdin", "", Completion::none}},
        {{"--model", 'm', text, "MODEL", "which model; without it the default", "", Completion::models},
         {"--max-tokens", 0, whole_number, "N", "longest answer (1024)"},
         {"--priority", 0, text, "CLASS", "batch tasks wait behind interactive ones", "interactive|batch"},
         {"--session", 0, text, "ID", "count it there; tasks of several sessions take turns", "",
          Completion::open_sessions},
         {"--deadline", 0, duration, "TIME", "the task is over then, whatever became of it"},
         {"--temperature", 0, number, "T", "0 for the likeliest words, more for variety"},
         {"--seed", 0, whole_from_zero, "N", "the same seed gives the same answer"},
         {"--json-schema", 0, text, "FILE", "the answer is JSON that fits this schema", "", Completion::files},
         {"--idempotency-key", 0, text, "KEY", "the same key is the same task, however often it is sent"},
         {"--file", 'f', text, "BODY", "the whole task as JSON; `-` reads it from stdin", "", Completion::files},
         {"--wait", 'w', none, "", "wait for the result, and print it"}},
        {{"rbees jobs submit \"Write a long story\" --max-tokens 4000", "prints the task's id"},
         {"rbees jobs submit --wait --deadline 2m \"Why is the sky blue?\"", "prints the answer"},
         {"rbees jobs submit --file task.json --idempotency-key nightly-1", "safe to repeat"}},
        run_jobs_submit},
    Command{"jobs list",
            "tasks, the newest first",
            "",
            {},
            {{"--status", 0, text, "STATUS", "only those; `live` is all that have not ended",
              "live|queued|waiting|dispatched|running|completed|failed|cancelled|dead_letter"},
             {"--model", 'm', text, "MODEL", "only those of the model", "", Completion::models},
             {"--session", 0, text, "ID", "only those of the session", "", Completion::sessions},
             {"--since", 0, duration, "TIME", "only those of the last hours or days, for example 24h"},
             {"--limit", 'n', whole_number, "N", "how many (20)"},
             {"--all", 'a', none, "", "all of them"}},
            {{"rbees jobs list", "the newest"}, {"rbees jobs list --status live --json", "for programs"}},
            run_jobs_list},
    Command{"jobs status",
            "everything about one task, with its result",
            "",
            {job_operand},
            {},
            {{"rbees jobs status JOB", "for people"}, {"rbees jobs status JOB --json", "for programs"}},
            run_jobs_status},
    Command{
        "jobs events",
        "the stream of a task, event by event, to its end",
        "Comes back by itself when rbees-orcd is started again; no event is shown twice or left out. With --json\n"
        "one object a line: {\"id\", \"event\", \"data\"}.",
        {job_operand},
        {{"--after", 0, whole_from_zero, "N", "only what follows event N"}},
        {{"rbees jobs events JOB", "from the first event"}, {"rbees jobs events JOB --after 17 --json", "the rest"}},
        run_jobs_events},
    Command{
        "jobs cancel",
        "end a task at once",
        "A task that has ended stays as it is.",
        {live_job_operand},
        {},
        {{"rbees jobs cancel JOB", "whatever it is doing"}, {"rbees jobs list --status live", "what can be cancelled"}},
        run_jobs_cancel},
    Command{
        "jobs wait",
        "wait for a task, and print its answer",
        "Exit code 5 if the task failed or was cancelled, 8 if --timeout passed. Ctrl-C stops the waiting only.",
        {job_operand},
        {},
        {{"rbees jobs wait JOB", "the answer on stdout"}, {"rbees jobs wait JOB --timeout 1m", "for a minute at most"}},
        run_jobs_wait},
    Command{"jobs explain",
            "why a task stands where it stands, and what comes next",
            "",
            {job_operand},
            {},
            {{"rbees jobs explain JOB", "in words"}, {"rbees jobs explain JOB --json", "for programs"}},
            run_jobs_explain},

    Command{
        "sessions create",
        "open a session, in which tasks are counted together",
        "Prints its id. Without SESSION one is made. The same id with the same budget is the same session, however\n"
        "often it is opened. Tasks of a session share its budget, and take turns with those of other sessions; they\n"
        "know nothing of each other.",
        {{"SESSION", optional, "its id: letters, digits and . _ : -", "", Completion::none}},
        {{"--budget", 0, whole_number, "TOKENS", "what its tasks may spend, prompts and answers together"}},
        {{"rbees sessions create nightly --budget 100000", "with a limit"},
         {"rbees jobs submit --session nightly \"Summarise the day\"", "a task of it"}},
        run_sessions_create},
    Command{"sessions list",
            "sessions, the newest first",
            "",
            {},
            {{"--open", 0, none, "", "only those that take tasks"},
             {"--owner", 0, text, "TOKEN", "only those of the token with this id", "", Completion::tokens},
             {"--since", 0, duration, "TIME", "only those that were opened in the last hours or days"},
             {"--limit", 'n', whole_number, "N", "how many (20)"},
             {"--all", 'a', none, "", "all of them"}},
            {{"rbees sessions list", "the newest"}, {"rbees sessions list --open --json", "for programs"}},
            run_sessions_list},
    Command{"sessions get",
            "everything about one session: tasks, tokens, what is left",
            "",
            {session_operand},
            {owner_flag},
            {{"rbees sessions get nightly", "for people"}, {"rbees sessions get nightly --json", "for programs"}},
            run_sessions_get},
    Command{"sessions delete",
            "close a session: it takes no more tasks",
            "Its tasks go on, unless --cancel is given. What it counted can be read until it is forgotten (option\n"
            "sessions.retain).",
            {open_session_operand},
            {{"--cancel", 0, none, "", "end its tasks, too"}, owner_flag},
            {{"rbees sessions delete nightly", "no more tasks"},
             {"rbees sessions delete nightly --cancel", "and an end to those that run or wait"}},
            run_sessions_delete},
};

}  // namespace

std::span<const Command> task_commands() {
    return task_table;
}

}  // namespace rbees::ctl
