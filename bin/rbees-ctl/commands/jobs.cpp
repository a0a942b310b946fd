#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>
#include <vector>

#include "client/refusal.hpp"
#include "commands/details.hpp"
#include "commands/handlers.hpp"
#include "commands/listing.hpp"
#include "commands/paging.hpp"
#include "commands/task_body.hpp"
#include "commands/task_following.hpp"
#include "output/words.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/contracts/task_views.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""ms;
using contracts::TaskAccepted;
using contracts::TaskPage;
using contracts::TaskState;
using contracts::TaskView;

constexpr auto tasks_path = "/v2/tasks";

/// A submission whose answer is lost is sent again under the same key, so often at most.
constexpr int submissions_max = 3;
constexpr Duration resubmission_pause = 500ms;

constexpr std::array list_parameters{ListParameter{"status", "--status"}, ListParameter{"model", "--model"},
                                     ListParameter{"session", "--session"}};

Tone tone_of(TaskState status) {
    switch (status) {
        case TaskState::completed:
            return Tone::good;
        case TaskState::failed:
        case TaskState::dead_letter:
            return Tone::bad;
        case TaskState::cancelled:
            return Tone::faint;
        default:
            return Tone::warning;
    }
}

Cell state_of(const TaskView& task) {
    const auto name = reflect::name_of(task.status);
    if (task.queue_position) return {fmt::format("{}, {} before", name, *task.queue_position), tone_of(task.status)};
    return {name, tone_of(task.status)};
}

Table table_of_tasks(const std::vector<TaskView>& tasks, Terminal reader) {
    Table table{.heading = {"ID", "STATUS", "MODEL", "PRIORITY", "TOKENS", "ATTEMPT", "SUBMITTED"}, .rows = {}};
    for (const auto& task : tasks) {
        table.rows.push_back({task.id.str(), state_of(task), task.model.str(), reflect::name_of(task.priority),
                              std::to_string(task.tokens.value), std::to_string(task.attempt),
                              time_in_words(task.submitted_at, wall_now(), reader)});
    }
    return table;
}

/// The result on stdout, or exit code 5 with the reason.
Outcome show_result(Session& session, const TaskView& task) {
    auto& console = session.console();
    if (session.is_json()) console.print_json(reflect::to_json(task));
    if (task.status != TaskState::completed) {
        const auto name = reflect::name_of(task.status);
        auto message = fmt::format("task {} ended as {}", task.id.str(), name);
        if (task.error) message += fmt::format(": {}", task.error->message);
        const auto code = task.error ? std::string(reflect::name_of(task.error->code)) : std::string();
        return std::unexpected(
            CliError{ExitCode::remote_failed, message, "rbees jobs explain " + task.id.str(), code, {}});
    }
    if (task.damaged) {
        return std::unexpected(CliError{ExitCode::failed,
                                        fmt::format("the text of task {} is damaged", task.id.str()),
                                        *task.damaged,
                                        "STORAGE_DAMAGED",
                                        {}});
    }
    if (session.is_json()) return ExitCode::ok;
    if (!task.output) {
        return std::unexpected(CliError{ExitCode::failed,
                                        fmt::format("the text of task {} was erased", task.id.str()),
                                        "the option tasks.retain says for how long text is kept",
                                        "GONE",
                                        {}});
    }
    console.print(task.output->ends_with('\n') ? *task.output : *task.output + "\n");
    return ExitCode::ok;
}

/// Sends the task, again if its answer is lost: the key makes one task of all.
Checked<TaskAccepted> submit(Session& session, const std::string& body, const std::string& key) {
    for (int submission = 1;; ++submission) {
        const auto api = session.api();
        if (!api) return std::unexpected(api.error());
        auto request = (*api)->request("POST", tasks_path, body);
        request.headers.set("Idempotency-Key", key);
        auto accepted = (*api)->fetch<TaskAccepted>(std::move(request));
        if (accepted || accepted.error().code != "CONNECTION_FAILED" || submission == submissions_max) return accepted;
        if (auto waited = session.loop().wait(resubmission_pause); !waited) return std::unexpected(waited.error());
    }
}

}  // namespace

Outcome run_jobs_submit(Session& session, const Arguments& arguments) {
    const auto body = task_body(session, arguments);
    if (!body) return std::unexpected(body.error());
    const auto accepted = submit(session, *body, arguments.text("--idempotency-key").value_or(new_uuid()));
    if (!accepted) return std::unexpected(accepted.error());
    auto& console = session.console();
    const auto& id = accepted->job_id.str();
    if (!arguments.has("--wait")) {
        console.answer(reflect::to_json(*accepted), id + "\n");
        if (!session.is_json()) console.note("its result: rbees jobs wait " + id);
        return ExitCode::ok;
    }
    console.note(fmt::format("task {} is accepted", id));
    const auto task = await_task(session, id);
    if (!task) return std::unexpected(task.error());
    return show_result(session, *task);
}

Outcome run_jobs_list(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto path = tasks_path + list_query(arguments, list_parameters);
    const auto listed = fetch_pages(**api, path, arguments, &TaskPage::tasks);
    if (!listed) return std::unexpected(listed.error());
    auto& console = session.console();
    if (listed->rows.empty() && !session.is_json()) {
        console.note("no such task; `rbees jobs submit PROMPT` makes one");
        return ExitCode::ok;
    }
    console.answer(reflect::to_json(listed->rows), table_of_tasks(listed->rows, console.out().terminal));
    if (listed->has_more && !session.is_json()) console.note("there are older ones: rbees jobs list --all");
    return ExitCode::ok;
}

Outcome run_jobs_status(Session& session, const Arguments& arguments) {
    return show_one<TaskView>(session, path_of(tasks_path, arguments.required("JOB")));
}

Outcome run_jobs_events(Session& session, const Arguments& arguments) {
    auto& console = session.console();
    auto progress = console.progress();
    const bool shows_progress = console.err().terminal == Terminal::yes;
    auto after = static_cast<std::uint64_t>(arguments.whole_number("--after").value_or(0));
    const auto show = [&](const NumberedEvent& event) {
        if (!event.number) {
            const auto words = progress_in_words(event);
            if (shows_progress && !words.empty()) progress.show(words, BootClock::now());
            return;
        }
        progress.clear();
        after = *event.number;
        if (session.is_json()) {
            auto data = reflect::parse_json(event.data).value_or(reflect::json::value(event.data));
            const reflect::json::object line{{"id", *event.number}, {"event", event.event}, {"data", std::move(data)}};
            return console.print(reflect::to_text(line) + "\n");
        }
        console.print(fmt::format("{:>4}  {:<7}  {}\n", *event.number, event.event, event.data));
    };
    const auto id = arguments.required("JOB");
    auto followed = follow_task(session, id, after, show);
    if (followed) return ExitCode::ok;
    progress.clear();
    const auto way_back = fmt::format("rbees jobs events {} --after {}", id, after);
    return stopped_looking(session, std::move(followed.error()), id, way_back);
}

Outcome run_jobs_cancel(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto path = path_of(tasks_path, arguments.required("JOB"), "cancel");
    const auto task = (*api)->post<contracts::TaskStatus>(path, reflect::json::object{});
    if (!task) return std::unexpected(task.error());
    const auto& id = task->job_id.str();
    const auto sentence = task->status == TaskState::cancelled
                              ? fmt::format("task {} is cancelled\n", id)
                              : fmt::format("task {} had ended: {}\n", id, reflect::name_of(task->status));
    session.console().answer(reflect::to_json(*task), sentence);
    return ExitCode::ok;
}

Outcome run_jobs_wait(Session& session, const Arguments& arguments) {
    const auto task = await_task(session, arguments.required("JOB"));
    if (!task) return std::unexpected(task.error());
    return show_result(session, *task);
}

Outcome run_jobs_explain(Session& session, const Arguments& arguments) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    const auto told =
        (*api)->get<contracts::TaskExplanation>(path_of(tasks_path, arguments.required("JOB"), "explain"));
    if (!told) return std::unexpected(told.error());
    auto& console = session.console();
    const auto json = reflect::to_json(*told);
    auto members = json.get_object();
    for (const auto* sentence : {"summary", "next"}) {
        members.stable_erase(members.find(sentence));
    }
    console.answer(
        json, fmt::format("{}\n{}\n\n{}", told->summary, told->next, render_details(members, console.out().colour)));
    return ExitCode::ok;
}

}  // namespace rbees::ctl
