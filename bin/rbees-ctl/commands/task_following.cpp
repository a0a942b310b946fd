#include "commands/task_following.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "output/words.hpp"
#include "rbees/base/random.hpp"
#include "rbees/reflect/read.hpp"

namespace rbees::ctl {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using contracts::TaskView;

constexpr Duration first_pause = 250ms;
constexpr Duration longest_pause = 4s;
constexpr Duration patience = std::chrono::minutes(5);  ///< without any contact

/// Half of the span to all of it: those who lost the same server do not all come back in the same moment.
Duration with_jitter(Duration span) {
    const auto share = static_cast<unsigned char>(rbees::random_bytes(1).front());
    return span / 2 + span / 2 * share / 255;
}

/// Whether coming back may help: the server was not there, went away, or could not answer just now.
bool may_pass(const StreamEnd& end) {
    if (!end.why) return true;
    const auto& code = end.why->code;
    return code == "NOT_RUNNING" || code == "CONNECTION_FAILED" || code == "TIMED_OUT" || code == "HTTP_502" ||
           code == "HTTP_503" || code == "STORAGE_FAILED" || code == "LIMIT_EXCEEDED";
}

bool is_last(const NumberedEvent& event) {
    return event.number && (event.event == "end" || event.event == "error");
}

/// When to try again after a connection that ended, and when no more.
class Returning {
  public:
    explicit Returning(Session& session) : session_(session) {}

    /// Waits; fails with the reason if it is time to give up.
    Checked<void> wait(const StreamEnd& end) {
        const auto now = BootClock::now();
        if (end.was_open) {
            has_contact_ = true;
            lost_at_.reset();
        }
        if (!may_pass(end) || !has_contact_) return std::unexpected(*end.why);
        if (!lost_at_) {
            lost_at_ = now;
            pause_ = first_pause;
            session_.console().note("the connection to rbees-orcd was lost; coming back for the rest");
        }
        if (end.why && now >= *lost_at_ + patience) return std::unexpected(*end.why);
        const auto pause = with_jitter(pause_);
        pause_ = std::min(2 * pause_, longest_pause);
        return session_.loop().wait(pause);
    }

  private:
    Session& session_;
    bool has_contact_ = false;
    std::optional<Instant> lost_at_;
    Duration pause_ = first_pause;
};

Checked<TaskView> look_at(Session& session, const std::string& id) {
    const auto api = session.api();
    if (!api) return std::unexpected(api.error());
    return (*api)->get<TaskView>(path_of("/v2/tasks", id));
}

Checked<TaskView> await_end(Session& session, const std::string& id) {
    auto progress = session.console().progress();
    auto view = look_at(session, id);
    while (view && !contracts::has_ended(view->status)) {
        auto followed = follow_task(session, id, view->events, [&progress](const NumberedEvent& event) {
            const auto words = progress_in_words(event);
            if (!words.empty()) progress.show(words, BootClock::now());
        });
        if (!followed) return std::unexpected(std::move(followed.error()));
        view = look_at(session, id);
    }
    return view;
}

}  // namespace

Checked<void> follow_task(Session& session, const std::string& id, std::uint64_t after, const OnEvent& on_event) {
    const auto path = path_of("/v2/tasks", id, "events");
    const auto has_ended = std::make_shared<bool>(false);
    const auto listener = [on_event, has_ended](const NumberedEvent& event) {
        on_event(event);
        *has_ended = *has_ended || is_last(event);
    };
    Returning returning(session);
    while (true) {
        const auto api = session.api();
        if (!api) return std::unexpected(api.error());
        const auto end = read_events(**api, path, after, listener);
        if (!end) return std::unexpected(end.error());
        if (end->is_whole || *has_ended) return {};
        after = end->after;
        if (auto waited = returning.wait(*end); !waited) return waited;
        session.forget_api();  // it may listen elsewhere after its restart
    }
}

std::unexpected<CliError> stopped_looking(Session& session, CliError error, const std::string& id,
                                          std::string_view way_back) {
    if (error.exit == ExitCode::interrupted || error.code == "TIMED_OUT") {
        session.console().note(fmt::format("task {} goes on; come back to it with: {}", id, way_back));
    }
    return std::unexpected(std::move(error));
}

Checked<TaskView> await_task(Session& session, const std::string& id) {
    auto view = await_end(session, id);
    if (!view) return stopped_looking(session, std::move(view.error()), id, "rbees jobs wait " + id);
    return view;
}

std::string progress_in_words(const NumberedEvent& event) {
    if (event.event != "metrics") return {};
    const auto metrics = reflect::from_json_text<contracts::TaskMetrics>(event.data);
    if (!metrics) return {};
    if (metrics->queue_position) return fmt::format("queued, {} before it", *metrics->queue_position);
    if (!metrics->tokens) return {};
    auto words = fmt::format("running, {}", count_of(metrics->tokens->value, "token"));
    if (metrics->tokens_per_second) words += fmt::format(", {} tokens/s", *metrics->tokens_per_second);
    return words;
}

}  // namespace rbees::ctl
