#include "supervision.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "rbees/base/files.hpp"

namespace rbees::orcd {

Supervision::Supervision(net::IoContext& io, std::vector<Child> children, SupervisionRules rules, Logger log)
    : io_(io), rules_(std::move(rules)), log_(std::move(log)), deadline_(io) {
    for (auto& child : children) {
        children_.emplace_back(io, std::move(child));
    }
}

void Supervision::start() {
    for (auto& watched : children_) {
        if (watched.watch) continue;
        watched.policy = {};
        start(watched);
    }
}

void Supervision::stop(std::function<void()> ended) {
    if (ended_) return;
    ended_ = std::move(ended);
    for (auto& watched : children_) {
        watched.retry.cancel();
    }
    stop_next();
}

void Supervision::kill_all() {
    for (auto& watched : children_) {
        if (watched.watch) log_if_failed(watched, watched.watch->process().kill());
    }
}

void Supervision::start(Watched& watched) {
    if (ended_) return;
    if (rules_.is_paused()) return start_later(watched);
    watched.policy.started(BootClock::now());
    const auto started = try_start(watched);
    if (started) return;
    log_.warning("cannot be started", {{"process", watched.child.name}, {"why", describe(started.error())}});
    if (!watched.policy.may_restart(BootClock::now())) return give_up(watched, describe(started.error()));
    start_later(watched);
}

Result<void> Supervision::try_start(Watched& watched) {
    auto process = process::spawn(watched.child.plan);
    if (!process) return std::unexpected(process.error());
    const auto pid = process->pid();
    auto watch = process::ExitWatch::start(io_, std::move(*process),
                                           [this, &watched](process::ExitStatus status) { ended(watched, status); });
    if (!watch) return std::unexpected(watch.error());
    watched.watch = std::move(*watch);
    log_.info("started", {{"process", watched.child.name}, {"pid", pid}});
    std::error_code ignored;  // it is gone already, as it should be
    std::filesystem::remove(watched.child.down_file, ignored);
    return {};
}

void Supervision::start_later(Watched& watched) {
    watched.retry.expires_after(rules_.retry_pause);
    watched.retry.async_wait([this, &watched](const boost::system::error_code& error) {
        if (!error && !watched.watch) start(watched);
    });
}

void Supervision::ended(Watched& watched, process::ExitStatus status) {
    watched.watch.reset();
    if (ended_) return stop_next();
    const auto how = process::describe(status);
    log_.warning("ended", {{"process", watched.child.name}, {"how", how}});
    if (!watched.policy.may_restart(BootClock::now())) return give_up(watched, how);
    start(watched);
}

void Supervision::give_up(Watched& watched, const std::string& why) {
    const auto text = fmt::format("{} stays down after {} starts in {}; last: {}", watched.child.name,
                                  RestartPolicy::starts_max, rbees::describe(RestartPolicy::window), why);
    log_.error(text);
    auto written = write_file_atomically(watched.child.down_file, text + "\n", FileAccess::owner_only);
    if (!written) log_.error(written.error().message);
}

void Supervision::stop_next() {
    for (auto& watched : children_) {
        if (!watched.watch) continue;
        if (!std::exchange(watched.is_asked_to_end, true)) ask_to_end(watched);  // a second SIGTERM would cut it short
        return;
    }
    deadline_.cancel();
    ended_();
}

void Supervision::ask_to_end(Watched& watched) {
    log_if_failed(watched, watched.watch->process().terminate());
    deadline_.expires_after(rules_.stop_patience);
    deadline_.async_wait([this, &watched](const boost::system::error_code& error) {
        if (!error && watched.watch) log_if_failed(watched, watched.watch->process().kill());
    });
}

void Supervision::log_if_failed(const Watched& watched, const Result<void>& result) {
    if (!result) log_.error("cannot signal", {{"process", watched.child.name}, {"why", result.error().message}});
}

}  // namespace rbees::orcd
