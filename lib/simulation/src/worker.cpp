#include "worker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "rbees/reflect/write.hpp"

namespace rbees::simulation {
namespace {

using control::WorkerFault;
using control::WorkerRefusal;

constexpr Duration shutdown_time = std::chrono::milliseconds(20);

/// Small enough that generations are paused now and then.
pool::ExecutionLimits limits() {
    pool::ExecutionLimits limits;
    limits.buffered_tokens_max = 12;
    return limits;
}

WorkerRefusal refuse(WorkerFault fault, std::string why) {
    return {fault, {contracts::ErrorCode::WORKER_UNAVAILABLE, std::move(why), true}};
}

WorkerRefusal refuse(pool::ExecutionRefusal refusal) {
    if (refusal == pool::ExecutionRefusal::unknown) return refuse(WorkerFault::unknown, "no such execution");
    return refuse(WorkerFault::not_now, "the worker does not take it");
}

const contracts::TokenIdList prompt_ids{1, 2, 3, 4, 5, 6, 7};

}  // namespace

WorkerProcess::WorkerProcess(Stage& stage, WorkerSpec spec)
    : stage_(stage),
      spec_(std::move(spec)),
      process_(stage.agenda, "worker-" + spec_.id.str(), spec_.host),
      random_(stage.seed, process_.name()),
      book_(limits()) {
    token_time_ = random_.between(stage.options.token_time / 2, stage.options.token_time);
}

void WorkerProcess::start(std::function<void()> loaded) {
    process_.start();
    process_.after(spec_.load_time, [this, loaded = std::move(loaded)] {
        is_loaded_ = spec_.loads;
        loaded();
    });
}

void WorkerProcess::die() {
    if (!process_.is_up()) return;
    stage_.note(process_.name(), "dies", "", book_.size());
    process_.die();
    generations_.clear();
    waiting_.clear();
    readers_.clear();
    book_ = pool::ExecutionBook(limits());
}

void WorkerProcess::drain() {
    is_draining_ = true;
    end_if_drained();
}

void WorkerProcess::end_if_drained() {
    if (!is_draining_ || running_ != 0 || book_.size() != 0) return;
    process_.after(shutdown_time, [this] { die(); });
}

/// The gate before everything that begins something.
std::optional<WorkerRefusal> WorkerProcess::refusal(orchestrator::Epoch epoch) {
    if (!is_loaded_ || is_draining_) return refuse(WorkerFault::not_now, "it loads or drains");
    if (epoch < newest_epoch_) return refuse(WorkerFault::not_now, "the ticket is from before an eviction");
    newest_epoch_ = epoch;
    return std::nullopt;
}

WorkerAnswer WorkerProcess::execute(orchestrator::Epoch epoch, const contracts::Execute& order) {
    const Key key{order.job_id, order.attempt};
    const bool is_known = book_.state_of(key).has_value();
    if (!is_known) {
        if (auto no = refusal(epoch)) return std::unexpected(*no);
    }
    const auto begun = book_.begin(key, stage_.agenda.now());
    if (!begun) return std::unexpected(refuse(begun.error()));
    for (const auto& outdated : begun->outdated) {
        drop(outdated);
    }
    check_order(order, begun->is_new);
    if (!begun->is_new) return {};
    stage_.note(process_.name(), "begins", order.job_id.str(), order.attempt);
    begin(key, order);
    watch_leases();
    return {};
}

/// The order for an attempt may be ahead of its own record, and of no other's.
void WorkerProcess::check_ahead(const contracts::Execute& order) {
    const auto* facts = stage_.ledger.find(order.job_id);
    const auto on_disk = facts == nullptr ? 0 : facts->attempt;
    if (order.attempt <= on_disk) return;
    const auto tokens = facts == nullptr ? 0 : facts->tokens;
    const auto from = order.from ? order.from->generated_ids.size() : 0;
    const auto wrong = [&](const std::string& what) {
        stage_.verdict.wrong("order before disk",
                             fmt::format("attempt {} of job {} began: {}", order.attempt, order.job_id.str(), what));
    };
    if (order.attempt > on_disk + 1) return wrong(fmt::format("{} is the last on disk", on_disk));
    if (facts != nullptr && facts->runs) return wrong("the one before it runs on disk");
    if (from != tokens) wrong(fmt::format("goes on behind {} tokens, while {} are on disk", from, tokens));
}

void WorkerProcess::check_order(const contracts::Execute& order, bool is_new) {
    check_ahead(order);
    if (!is_new) return;
    auto& newest = newest_[order.job_id];
    if (order.attempt < newest) {
        stage_.verdict.wrong("fence", fmt::format("a worker began attempt {} of job {} after attempt {}", order.attempt,
                                                  order.job_id.str(), newest));
    }
    newest = std::max(newest, order.attempt);
    const auto same_job = [&](const auto& entry) { return entry.first.job == order.job_id; };
    if (std::ranges::any_of(generations_, same_job)) {
        stage_.verdict.wrong("one attempt", fmt::format("a worker generates twice for job {}", order.job_id.str()));
    }
}

void WorkerProcess::begin(const Key& key, const contracts::Execute& order) {
    const PlannedAnswer answer(order.request);
    check_continuation(order, answer);
    auto& generation = generations_.insert_or_assign(key, Generation{.answer = answer}).first->second;
    if (order.from) generation.made = order.from->generated_ids.size();
    if (!answer.is_continuable()) book_.let_grow(key);
    waiting_.emplace_back([this, key] {
        const auto found = generations_.find(key);
        if (found == generations_.end()) return;
        ++running_;
        found->second.runs = true;
        const contracts::ExecutionStart start{.prompt_ids = prompt_ids,
                                              .seed = found->second.answer.seed(),
                                              .model_hash = "hash of " + spec_.model.str(),
                                              .sampling = {},
                                              .continuable = found->second.answer.is_continuable()};
        push(key, found->second, {"start", reflect::to_json_text(start), found->second.made, 0});
        process_.after(token_time_, [this, key] { tick(key); });
    });
    run_next();
}

/// What orcd says that was generated must be what is generated.
void WorkerProcess::check_continuation(const contracts::Execute& order, const PlannedAnswer& answer) {
    if (!order.from) return;
    const auto& from = *order.from;
    bool is_right = from.prompt_ids == prompt_ids && from.seed == answer.seed() &&
                    from.generated_ids.size() <= answer.length() && order.model_hash == "hash of " + spec_.model.str();
    for (std::size_t i = 0; is_right && i < from.generated_ids.size(); ++i) {
        is_right = from.generated_ids[i] == answer.id(i);
    }
    if (!is_right) {
        stage_.verdict.wrong("continuation", fmt::format("attempt {} of job {} is to go on from what never was",
                                                         order.attempt, order.job_id.str()));
    }
    stage_.count("continuations");
}

void WorkerProcess::run_next() {
    while (running_ < spec_.slots && !waiting_.empty()) {
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        next();
    }
}

void WorkerProcess::tick(const Key& key) {
    const auto found = generations_.find(key);
    if (found == generations_.end() || found->second.is_paused || !found->second.runs) return;
    auto& generation = found->second;
    const auto left = generation.answer.length() - std::min(generation.made, generation.answer.length());
    if (left == 0) return end(key, generation);
    const auto count = std::min<std::uint64_t>(left, random_.chance(200) ? 2 : 1);
    contracts::ExecutionToken token;
    token.i = generation.made;
    for (; token.ids.size() < count; ++generation.made) {
        token.ids.push_back(generation.answer.id(generation.made));
        token.t += generation.answer.text(generation.made);
    }
    push(key, generation, {"token", reflect::to_json_text(token), token.i, count});
    if (!generation.is_paused) process_.after(token_time_ * count, [this, key] { tick(key); });
}

void WorkerProcess::push(const Key& key, Generation& generation, pool::ExecutionEvent event) {
    const auto [begin, end] = readers_.equal_range(key);
    for (auto reader = begin; reader != end; ++reader) {
        reader->second.send(event);
    }
    const bool is_end = event.name == "end";
    const bool goes_on = book_.push(key, std::move(event));
    generation.is_paused = !goes_on && !is_end;
    if (generation.is_paused) stage_.count("generations paused");
}

void WorkerProcess::end(const Key& key, Generation& generation) {
    const contracts::ExecutionEnd last{
        .stop_reason = generation.answer.stop_reason(), .usage = generation.answer.usage(), .message = {}};
    push(key, generation, {"end", reflect::to_json_text(last), 0, 0});
    const auto [first, behind] = readers_.equal_range(key);
    for (auto reader = first; reader != behind; ++reader) {
        reader->second.close();
    }
    readers_.erase(key);
    generations_.erase(key);
    stage_.note(process_.name(), "generated", key.job.str(), key.attempt);
    free_slot();
}

void WorkerProcess::free_slot() {
    --running_;
    run_next();
    end_if_drained();
}

/// The execution is not wanted any more.
void WorkerProcess::drop(const Key& key) {
    const auto [first, behind] = readers_.equal_range(key);
    for (auto reader = first; reader != behind; ++reader) {
        reader->second.close();
    }
    readers_.erase(key);
    const auto generation = generations_.extract(key);
    if (generation && generation.mapped().runs) return free_slot();
    end_if_drained();
}

AttachAnswer WorkerProcess::attach(Process& reader, const control::AttemptKey& key,
                                   std::optional<std::uint64_t> after) {
    const Key pair{key.job, key.attempt};
    const auto events = book_.attach(pair, after, stage_.agenda.now());
    if (!events) return std::unexpected(refuse(events.error()));
    auto channel = EventChannel::open(stage_.network, process_, reader);
    const EventChannel::Sender sender(channel);
    for (const auto& event : *events) {
        sender.send(event);
    }
    if (book_.state_of(pair) == contracts::ExecutionState::ended) {
        sender.close();
    } else {
        readers_.emplace(pair, sender);
    }
    return channel;
}

AckAnswer WorkerProcess::acknowledge(const control::AttemptKey& key, const contracts::Acknowledge& what) {
    const auto* facts = stage_.ledger.find(key.job);
    const bool is_stored = facts != nullptr && (!what.through || *what.through < facts->tokens) &&
                           (!what.done.value_or(false) || facts->has_ended);
    if (!is_stored) {
        stage_.verdict.wrong("acknowledgement", fmt::format("what attempt {} of job {} made was acknowledged before "
                                                            "it was on disk",
                                                            key.attempt, key.job.str()));
    }
    const Key pair{key.job, key.attempt};
    const auto resumes = book_.acknowledge(pair, what.through, stage_.agenda.now());
    if (!resumes) return std::unexpected(refuse(resumes.error()));
    const auto found = generations_.find(pair);
    if (*resumes && found != generations_.end()) resume(pair, found->second);
    if (what.done.value_or(false)) {
        book_.release(pair);
        drop(pair);
    }
    return book_.limits().lease;
}

void WorkerProcess::resume(const Key& key, Generation& generation) {
    generation.is_paused = false;
    process_.after(token_time_, [this, key] { tick(key); });
}

void WorkerProcess::cancel(const control::AttemptKey& key) {
    const Key pair{key.job, key.attempt};
    book_.cancel(pair, stage_.agenda.now());
    drop(pair);
}

void WorkerProcess::chat(orchestrator::Epoch epoch, const PlannedAnswer& answer,
                         std::function<void(WorkerAnswer)> reply) {
    if (const auto no = refusal(epoch)) return reply(std::unexpected(*no));
    waiting_.emplace_back([this, answer, reply = std::move(reply)]() mutable {
        ++running_;
        process_.after(token_time_ * answer.length(), [this, reply = std::move(reply)] {
            reply({});
            free_slot();
        });
    });
    run_next();
}

void WorkerProcess::watch_leases() {
    if (watches_leases_) return;
    const auto next = book_.next_expiry();
    if (!next) return;
    watches_leases_ = true;
    process_.at(*next, [this] {
        watches_leases_ = false;
        expire();
        watch_leases();
    });
}

void WorkerProcess::expire() {
    for (const auto& key : book_.expire(stage_.agenda.now())) {
        stage_.note(process_.name(), "lease ends", key.job.str(), key.attempt);
        stage_.count("leases ended");
        drop(key);
    }
}

}  // namespace rbees::simulation
