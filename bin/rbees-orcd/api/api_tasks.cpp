#include <algorithm>
#include <utility>

#include "api/api.hpp"
#include "api/pages.hpp"
#include "api/task_questions.hpp"
#include "api/task_streams.hpp"
#include "api/task_views.hpp"
#include "rbees/base/crash_point.hpp"
#include "rbees/control/model_choice.hpp"
#include "rbees/control/task_request.hpp"
#include "rbees/orchestrator_core/refusals.hpp"
#include "rbees/pool_core/catalogue.hpp"

namespace rbees::orcd {
namespace {

using contracts::ErrorCode;
using contracts::Problem;
using contracts::TaskExplanation;
using contracts::TaskPage;
using contracts::TaskStatus;
using orchestrator::Job;

/// What a caller may not see is not there for it.
Checked<Job> for_caller(Checked<Job> job, const http_api::Caller& caller) {
    if (!job || may_see(caller, *job)) return job;
    return std::unexpected(orchestrator::no_task(job->id));
}

net::Response accepted(const http_api::Call& call, std::string answer) {
    const auto task = reflect::from_json_text<contracts::TaskAccepted>(answer);
    auto response = http_api::json_text_answer(call.route.status, std::move(answer));
    if (task) response.headers.set("Location", "/v2/tasks/" + task->job_id.str());
    return response;
}

/// What would have run the task, in the word that the first rbees had for it.
std::string_view engine_for(const orchestrator::FleetView& view, const std::string& named) {
    const auto model = control::choose_model(view, named, contracts::ModelKind::chat);
    return model && pool::is_simulated(*model) ? "simulated" : "llamacpp";
}

/// A refusal; one for a full queue in the words of the first rbees besides: `message`, `engine`, `policy_label`,
/// `X-Backoff-Ms`.
net::Response refused(const http_api::Call& call, const Problem& problem, std::string_view engine) {
    auto response = call.refuse(problem);
    const bool is_by_queue =
        problem.code == ErrorCode::ADMISSION_REJECT || problem.code == ErrorCode::QUEUE_FULL_DROP_LRU;
    if (!is_by_queue) return response;
    auto body = reflect::parse_json(response.body);
    if (!body || !body->is_object()) return response;
    body->get_object()["message"] = problem.detail;
    body->get_object()["engine"] = engine;
    body->get_object()["policy_label"] = problem.code == ErrorCode::QUEUE_FULL_DROP_LRU ? "drop-lru" : "reject";
    response.body = reflect::to_text(*body);
    response.headers.set("X-Backoff-Ms", std::to_string(problem.retry_after_ms.value_or(0)));
    return response;
}

Checked<TaskPage> page_of(Control& control, const ListQuery& query) {
    return read_page<Job>(control.reader(), "job", query, &TaskPage::tasks,
                          [&](const Job& job) { return view_of(job, control.jobs().queue_position(job)); });
}

TaskExplanation explain(Control& control, const Job& job) {
    const auto& workers = control.fleet().view().workers;
    TaskSurroundings around;
    around.queue_position = control.jobs().queue_position(job);
    around.workers =
        static_cast<std::uint32_t>(std::ranges::count(workers, job.model, &orchestrator::RoutableWorker::model));
    around.now = control.fleet().world().wall_now();
    return explanation_of(job, around);
}

std::optional<Problem> show(TaskResult result, contracts::TaskView& view) {
    view.output = std::move(result.output);
    view.message = std::move(result.message);
    return std::nullopt;
}

/// The view without its text is right, too, where that was erased since the task was found; and how the task ended
/// stands in its row, whatever became of its text.
std::optional<Problem> show_missing(const Problem& why, contracts::TaskView& view) {
    view.erased = why.code == ErrorCode::GONE;
    if (why.code == ErrorCode::STORAGE_DAMAGED) view.damaged = why.detail + "; " + why.hint.value_or("");
    return view.erased || view.damaged ? std::nullopt : std::optional(why);
}

}  // namespace

void Api::bind_tasks(http_api::Handlers& handlers) {
    handlers.bind("task_submit", [this](http_api::Call& call) { return submit_task(call); });
    handlers.bind("tasks", [this](http_api::Call& call) { return list_tasks(call); });
    handlers.bind("task", [this](http_api::Call& call) { return one_task(call); });
    handlers.bind("task_events", [this](http_api::Call& call) { return task_events(call); });
    handlers.bind("task_cancel", [this](http_api::Call& call) {
        return answer_with<TaskStatus>(
            call, [&control = control_, id = JobId(call.parameter("id")), caller = call.caller](auto reply) {
                control.jobs().find(id, [&control, caller, reply](Checked<Job> found) {
                    const auto job = for_caller(std::move(found), caller);
                    if (!job) return reply(std::unexpected(job.error()));
                    control.jobs().cancel(job->id, [reply](Checked<Job> cancelled) {
                        if (!cancelled) return reply(std::unexpected(cancelled.error()));
                        reply(TaskStatus{cancelled->id, cancelled->state});
                    });
                });
            });
    });
    handlers.bind("task_explain", [this](http_api::Call& call) {
        return answer_with<TaskExplanation>(
            call, [&control = control_, id = JobId(call.parameter("id")), caller = call.caller](auto reply) {
                control.jobs().find(id, [&control, caller, reply](Checked<Job> found) {
                    const auto job = for_caller(std::move(found), caller);
                    if (!job) return reply(std::unexpected(job.error()));
                    reply(explain(control, *job));
                });
            });
    });
}

net::Task<void> Api::submit_task(http_api::Call& call) {
    const auto key = idempotency_key(call.request());
    auto request = control::read_task_request(call.request().body);
    if (!key || !request) {
        co_await http_api::answer_refused(call, key ? request.error() : key.error());
        co_return;
    }
    const auto named = request->task.model.value_or("");
    auto submission = std::make_shared<control::Submission>(TokenId(call.caller.id), std::move(*request), *key);
    std::function<void(Answerer<Checked<std::string>>)> question = [&control = control_, submission](auto reply) {
        control.jobs().submit(std::move(*submission), std::move(reply));
    };
    const auto answer = co_await ask<Checked<std::string>>(control_.io(), std::move(question));
    auto response = answer ? accepted(call, *answer) : refused(call, answer.error(), engine_for(*holder_.view, named));
    co_await call.exchange.respond(std::move(response));
    if (answer) crash_point(CrashPoint::task_answered);
}

net::Task<void> Api::list_tasks(http_api::Call& call) {
    return answer_with_page(control_, call, task_query(call.request()), page_of);
}

net::Task<Checked<Api::FoundTask>> Api::find_task(http_api::Call& call, Finder find) {
    std::function<void(Answerer<Checked<FoundTask>>)> question = [&control = control_, id = JobId(call.parameter("id")),
                                                                  caller = call.caller, find](auto reply) {
        (control.jobs().*find)(id, [&control, caller, reply](Checked<Job> found) {
            auto job = for_caller(std::move(found), caller);
            if (!job) return reply(std::unexpected(job.error()));
            const auto position = control.jobs().queue_position(*job);
            reply(FoundTask{std::move(*job), position});
        });
    };
    return ask<Checked<FoundTask>>(control_.io(), std::move(question));
}

net::Task<void> Api::one_task(http_api::Call& call) {
    const auto found = co_await find_task(call, &control::JobControl::find);
    if (!found) {
        co_await http_api::answer_refused(call, found.error());
        co_return;
    }
    auto view = view_of(found->job, found->queue_position);
    if (contracts::has_ended(found->job.state) && !found->job.erased) {
        auto result = co_await streams_->read_result(found->job.id);
        const auto refusal = result ? show(std::move(*result), view) : show_missing(result.error(), view);
        if (refusal) {
            co_await http_api::answer_refused(call, *refusal);
            co_return;
        }
    }
    auto response = http_api::json_answer(call.route.status, view);
    co_await call.exchange.respond(std::move(response));
}

net::Task<void> Api::task_events(http_api::Call& call) {
    const auto after = last_event(call.request());
    if (!after) {
        co_await http_api::answer_refused(call, after.error());
        co_return;
    }
    auto found = co_await find_task(call, &control::JobControl::find_to_read);
    if (!found) {
        co_await http_api::answer_refused(call, found.error());
        co_return;
    }
    co_await streams_->serve(call, std::move(found->job), *after);
}

}  // namespace rbees::orcd
