#include "api/task_streams.hpp"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>
#include <utility>

#include "control/ask.hpp"
#include "rbees/http_api/answers.hpp"
#include "rbees/net/sse.hpp"

namespace rbees::orcd {

/// What is read of the frames of a result.
struct TokenSeen {
    std::string t;
};
BOOST_DESCRIBE_STRUCT(TokenSeen, (), (t))

struct EndSeen {
    std::optional<reflect::json::object> message;
};
BOOST_DESCRIBE_STRUCT(EndSeen, (), (message))

namespace {

using contracts::TaskMetrics;
using control::FramePiece;

/// How long a client waits before it comes back, in its own stream's words. Browsers take it as it is.
constexpr std::string_view reconnection_time = "retry: 1000\n\n";
constexpr std::string_view ping = ": ping\n\n";

std::string text_of(const FramePiece& piece) {
    std::string text;
    auto number = piece.first;
    for (const auto& frame : piece.frames) {
        text += net::format_sse({frame.event, frame.data, std::to_string(number++)});
    }
    return text;
}

net::Response stream_head() {
    net::Response head;
    head.headers.set("Content-Type", "text/event-stream");
    head.headers.set("Cache-Control", "no-store");
    head.headers.set("X-Accel-Buffering", "no");
    return head;
}

bool is_running(const orchestrator::Job& job) {
    return job.state == contracts::TaskState::dispatched || job.state == contracts::TaskState::running;
}

void add_frame(TaskResult& result, const orchestrator::Frame& frame) {
    if (frame.event == "token") {
        if (const auto token = reflect::from_json_text<TokenSeen>(frame.data)) result.output += token->t;
    } else if (frame.event == "end") {
        if (auto end = reflect::from_json_text<EndSeen>(frame.data)) result.message = std::move(end->message);
    }
}

/// What was known of a running task at some moment; its rate is the difference of two.
struct Sample {
    Tokens tokens;
    Instant at{};
};

double tokens_per_second(const Sample& before, const Sample& now) {
    const auto seconds = std::chrono::duration<double>(now.at - before.at).count();
    if (seconds <= 0 || now.tokens < before.tokens) return 0;
    const auto rate = static_cast<double>(now.tokens.value - before.tokens.value) / seconds;
    return std::round(rate * 10) / 10;
}

}  // namespace

/// One client's stream. The control thread knows it by its id only.
struct TaskStreams::Reading {
    Reading(net::IoContext& io, control::ReaderId reader, const orchestrator::Job& read, std::uint64_t behind)
        : timer(io), id(reader), job(read.id), after(behind), sample{read.generated, BootClock::now()} {
        // What waits tells its place at once; a rate needs some time.
        next_look = sample.at + (is_running(read) ? metrics_interval : Duration{});
        next_ping = sample.at + ping_interval;
    }

    [[nodiscard]] bool has_news() const { return piece.has_value() || has_left || is_released; }

    /// Returns at that time, or as soon as something came.
    net::Task<void> pause(Instant until) {
        if (has_news()) co_return;
        timer.expires_at(until);
        boost::system::error_code ended;
        co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
    }

    boost::asio::basic_waitable_timer<BootClock> timer;
    control::ReaderId id;
    JobId job;
    std::uint64_t after;                       ///< the last event that was written
    std::optional<Checked<FramePiece>> piece;  ///< that came and is not written yet
    bool is_asking = false;
    bool was_asked = false;  ///< the control thread has looked at least once
    bool has_left = false;
    bool is_released = false;
    Sample sample;
    std::optional<TaskMetrics> told;  ///< the last metrics
    Instant next_look;
    Instant next_ping;
};

net::Task<void> TaskStreams::serve(http_api::Call& call, orchestrator::Job job, std::uint64_t after) {
    const control::ReaderId id{++next_reader_};
    auto reading = std::make_shared<Reading>(io_, id, job, after);
    reading->is_released = is_released_;
    readings_.emplace(id, reading);
    call.exchange.when_client_leaves([weak = std::weak_ptr(reading)] {
        const auto left = weak.lock();
        if (!left) return;
        left->has_left = true;
        left->timer.cancel();
    });
    ask_for_more(reading);
    const bool has_begun = co_await begin(call, reading);
    if (has_begun) co_await follow(call.exchange, reading);
    stop_asking(*reading);
    readings_.erase(id);
}

void TaskStreams::release() {
    is_released_ = true;
    for (const auto& [id, weak] : readings_) {
        const auto reading = weak.lock();
        if (!reading) continue;
        reading->is_released = true;
        reading->timer.cancel();
    }
}

/// Only ids go to the control thread: the reading belongs to this one.
void TaskStreams::ask_for_more(const ReadingPtr& reading) {
    reading->is_asking = true;
    const auto tell = [&io = io_, weak = std::weak_ptr(reading)](std::optional<Checked<FramePiece>> piece) {
        boost::asio::post(io, [weak, piece = std::move(piece)]() mutable {
            const auto told = weak.lock();
            if (!told) return;
            if (piece) {
                told->piece = std::move(piece);
                told->is_asking = false;
            }
            told->was_asked = true;
            told->timer.cancel();
        });
    };
    boost::asio::post(
        control_.io(), [&control = control_, id = reading->id, job = reading->job, after = reading->after, tell] {
            control.jobs().feed().read(id, job, after, [tell](Checked<FramePiece> piece) { tell(std::move(piece)); });
            tell(std::nullopt);
        });
}

void TaskStreams::stop_asking(const Reading& reading) {
    if (!reading.is_asking) return;
    boost::asio::post(control_.io(), [&control = control_, id = reading.id] { control.jobs().feed().leave(id); });
}

/// True if the stream has begun; else the call was answered, or the client left.
net::Task<bool> TaskStreams::begin(http_api::Call& call, ReadingPtr reading) {
    while (!reading->was_asked && !reading->has_left) {
        // Until the control thread has looked; whatever else wakes it changes nothing.
        reading->timer.expires_at(reading->next_ping);
        boost::system::error_code ended;
        co_await reading->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ended));
    }
    if (reading->has_left) co_return false;
    const auto& piece = reading->piece;
    std::optional<net::Response> whole;
    if (piece && !*piece) {
        whole = call.refuse(piece->error());
    } else if (piece && (*piece)->is_end && (*piece)->frames.empty()) {
        whole = http_api::empty_answer(204);
    } else if (call.request().method == "HEAD") {
        whole = stream_head();
    }
    if (whole) {
        co_await call.exchange.respond(std::move(*whole));
        co_return false;
    }
    auto head = stream_head();
    co_await call.exchange.start(std::move(head));
    std::string first(reconnection_time);
    co_return co_await call.exchange.write(std::move(first));
}

net::Task<void> TaskStreams::follow(net::Exchange& exchange, ReadingPtr reading) {
    bool is_end = false;
    while (!is_end && !reading->has_left && !reading->is_released) {
        std::string text;
        if (const auto piece = std::exchange(reading->piece, std::nullopt)) {
            // Text that is gone or damaged meanwhile: the client learns of it when it comes back for the rest.
            if (!*piece) break;
            text = text_of(**piece);
            is_end = (*piece)->is_end;
            reading->after += (*piece)->frames.size();
        } else if (BootClock::now() >= std::min(reading->next_look, reading->next_ping)) {
            text = co_await take_pulse(reading);
        } else {
            co_await reading->pause(std::min(reading->next_look, reading->next_ping));
        }
        if (!text.empty()) {
            const bool is_there = co_await exchange.write(std::move(text));
            if (!is_there) co_return;
            reading->next_ping = BootClock::now() + ping_interval;
        }
        const bool wants_more = !is_end && !reading->is_asking && !reading->piece;
        if (wants_more) ask_for_more(reading);
    }
    if (!reading->has_left) co_await exchange.finish();
}

/// What is to be said between two pieces; may be nothing.
net::Task<std::string> TaskStreams::take_pulse(ReadingPtr reading) {
    const auto now = BootClock::now();
    if (now >= reading->next_look) {
        reading->next_look = now + metrics_interval;
        auto metrics = co_await look_at(reading);
        const bool is_new = metrics && metrics != reading->told;
        if (is_new) {
            auto text = net::format_sse({"metrics", reflect::to_json_text(*metrics), std::nullopt});
            reading->told = std::move(metrics);
            co_return text;
        }
    }
    if (now < reading->next_ping) co_return "";
    co_return std::string(ping);
}

/// How the task gets on; nothing if there is nothing to say of it.
net::Task<std::optional<TaskMetrics>> TaskStreams::look_at(ReadingPtr reading) {
    struct Look {
        std::optional<std::uint64_t> queue_position;
        std::optional<orchestrator::Job> running;
    };
    std::function<void(Answerer<Look>)> question = [&control = control_, id = reading->job](auto reply) {
        control.jobs().find(id, [&control, reply](Checked<orchestrator::Job> job) {
            Look look;
            if (job) look.queue_position = control.jobs().queue_position(*job);
            if (job && is_running(*job)) look.running = std::move(*job);
            reply(std::move(look));
        });
    };
    const auto look = co_await ask<Look>(control_.io(), std::move(question));
    TaskMetrics metrics;
    if (look.running) {
        const Sample now{look.running->generated, BootClock::now()};
        metrics.tokens = now.tokens;
        metrics.tokens_per_second = tokens_per_second(std::exchange(reading->sample, now), now);
        metrics.attempt = look.running->attempt;
    } else if (look.queue_position) {
        metrics.queue_position = look.queue_position;
    } else {
        co_return std::nullopt;
    }
    co_return metrics;
}

net::Task<Checked<TaskResult>> TaskStreams::read_result(JobId job) {
    const control::ReaderId id{++next_reader_};
    TaskResult result;
    std::uint64_t after = 0;
    while (true) {
        std::function<void(Answerer<Checked<FramePiece>>)> question = [&control = control_, id, job,
                                                                       after](auto reply) {
            control.jobs().feed().read(id, job, after, std::move(reply));
        };
        const auto piece = co_await ask<Checked<FramePiece>>(control_.io(), std::move(question));
        if (!piece) co_return std::unexpected(piece.error());
        for (const auto& frame : piece->frames) {
            add_frame(result, frame);
        }
        after += piece->frames.size();
        if (piece->is_end) co_return result;
    }
}

}  // namespace rbees::orcd
