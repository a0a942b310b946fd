/// @file
/// What rbees-orcd does for clients: tasks through JobControl, streams through JobFeed, and requests as /v1 has them,
/// which take their tickets as the gateway does.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "orcd.hpp"
#include "rbees/reflect/read.hpp"
#include "worker.hpp"

namespace rbees::simulation {
namespace {

/// Workers that are tried for one request.
constexpr std::size_t tries_max = 5;

/// The longest that a whole answer may take.
constexpr Duration chat_limit = std::chrono::seconds(120);

constexpr Duration write_time = std::chrono::milliseconds(1);

}  // namespace

void Orcd::submit(control::Submission submission, std::function<void(SubmitAnswer)> answer) {
    life_->jobs->submit(std::move(submission), [this, answer = std::move(answer)](control::Checked<std::string> said) {
        if (said) {
            const auto accepted = reflect::from_json_text<contracts::TaskAccepted>(*said);
            const auto* facts = accepted ? stage_.ledger.find(accepted->job_id) : nullptr;
            if (facts == nullptr || facts->frames.empty()) {
                stage_.verdict.wrong("answer before disk", "a task was accepted that is not on disk: " + *said);
            }
        }
        answer(std::move(said));
    });
}

void Orcd::cancel(const JobId& job, std::function<void(CancelAnswer)> answer) {
    life_->jobs->cancel(job, [this, answer = std::move(answer)](control::Checked<orchestrator::Job> said) {
        const auto* facts = said ? stage_.ledger.find(said->id) : nullptr;
        if (said && (facts == nullptr || (contracts::has_ended(said->state) && !facts->has_ended))) {
            stage_.verdict.wrong("answer before disk", "a job is shown as ended, and is not on disk");
        }
        answer(std::move(said));
    });
}

void Orcd::open_session(const orchestrator::SessionKey& key, std::optional<Tokens> budget,
                        std::function<void(SessionAnswer)> answer) {
    life_->sessions->open(
        key, budget, [this, key, answer = std::move(answer)](control::Checked<orchestrator::Session> said) {
            const auto* facts = stage_.ledger.find(key);
            if (said && (facts == nullptr || !facts->was_opened)) {
                stage_.verdict.wrong("answer before disk", "a session was opened that is not on disk: " + key.name);
            }
            answer(std::move(said));
        });
}

void Orcd::close_session(const orchestrator::SessionKey& key, control::LiveTasks fate,
                         std::function<void(CloseAnswer)> answer) {
    life_->sessions->close(key, key.owner, fate, [this, key, answer = std::move(answer)](const control::Done& said) {
        const auto* facts = stage_.ledger.find(key);
        if (said && (facts == nullptr || !facts->was_closed)) {
            stage_.verdict.wrong("answer before disk", "a session was closed, and is not on disk: " + key.name);
        }
        answer(said);
    });
}

std::shared_ptr<PieceChannel> Orcd::watch(Process& reader, const JobId& job, std::uint64_t after) {
    auto channel = PieceChannel::open(stage_.network, process_, reader);
    const auto id = ++life_->count;
    const PieceChannel::Sender sender(channel);
    life_->readers.emplace(id, Reader{job, after, sender});
    sender.when_left([this, id] {
        life_->jobs->feed().leave(control::ReaderId{id});
        life_->readers.erase(id);
    });
    process_.after({}, [this, id] { begin_to_read(id); });
    return channel;
}

/// The job is looked for first: what is there may be told, and the reader of what is not gets a problem.
void Orcd::begin_to_read(std::uint64_t id) {
    const auto found = life_->readers.find(id);
    if (found == life_->readers.end()) return;
    life_->jobs->find_to_read(found->second.job, [this, id](control::Checked<orchestrator::Job> said) {
        if (!said) return give(id, std::unexpected(std::move(said.error())));
        const auto* facts = stage_.ledger.find(said->id);
        if (facts == nullptr || facts->frames.empty()) {
            stage_.verdict.wrong("answer before disk", "a job is read that is not on disk: " + said->id.str());
        }
        read_on(id);
    });
}

void Orcd::read_on(std::uint64_t id) {
    const auto found = life_->readers.find(id);
    if (found == life_->readers.end()) return;
    life_->jobs->feed().read(control::ReaderId{id}, found->second.job, found->second.after,
                             [this, id](const Piece& piece) { give(id, piece); });
}

void Orcd::give(std::uint64_t id, const Piece& piece) {
    const auto found = life_->readers.find(id);
    if (found == life_->readers.end()) return;
    auto& reader = found->second;
    if (piece) check_shown(reader.job, *piece);
    reader.sender.send(piece);
    if (piece && !piece->is_end) {
        reader.after += piece->frames.size();
        process_.after(write_time, [this, id] { read_on(id); });
        return;
    }
    reader.sender.close();
    life_->readers.erase(found);
}

/// What is shown must be on disk, as it is shown.
void Orcd::check_shown(const JobId& job, const control::FramePiece& piece) {
    const auto* facts = stage_.ledger.find(job);
    const auto last = piece.first + piece.frames.size() - 1;
    if (facts == nullptr || facts->frames.size() < last) {
        return stage_.verdict.wrong("shown before disk",
                                    fmt::format("frame {} of job {} is shown, and is not on disk", last, job.str()));
    }
    for (std::size_t i = 0; i < piece.frames.size(); ++i) {
        if (facts->frames[piece.first - 1 + i] == piece.frames[i]) continue;
        stage_.verdict.wrong(
            "frames", fmt::format("frame {} of job {} is not shown as it is stored", piece.first + i, job.str()));
    }
    if (piece.is_end && !facts->has_ended) {
        stage_.verdict.wrong("shown before disk", fmt::format("the stream of job {} ends before the job", job.str()));
    }
}

void Orcd::chat(const ModelId& model, const TokenId& owner, const PlannedAnswer& what,
                std::function<void(ChatAnswer)> answer) {
    const auto id = ++life_->count;
    life_->chats.emplace(id, Chat{model, owner, what, std::move(answer), std::nullopt, {}});
    try_chat(id);
}

/// A free slot at once, or a place in the queue.
void Orcd::try_chat(std::uint64_t id) {
    auto& chat = life_->chats.at(id);
    auto& demand = *life_->demand;
    auto avoid = life_->fleet->unreachable_workers();
    avoid.insert(chat.avoid.begin(), chat.avoid.end());
    auto ticket =
        orchestrator::take_slot(life_->fleet->view(), chat.model, avoid, orchestrator::Claim::newcomer, demand.freed());
    if (ticket) return send_chat(id, std::move(*ticket));
    chat.waits = true;
    demand.wait_for_slot(orchestrator::WaitId{id}, chat.model, chat.owner,
                         [this, id](control::SlotAnswer slot) { got_slot(id, std::move(slot)); });
}

void Orcd::got_slot(std::uint64_t id, control::SlotAnswer slot) {
    const auto found = life_->chats.find(id);
    if (found == life_->chats.end() || !found->second.waits) {
        return stage_.verdict.wrong("queue", fmt::format("request {} was answered by the queue twice", id));
    }
    found->second.waits = false;
    if (!slot) return end_chat(id, std::unexpected(slot.error()));
    send_chat(id, std::move(*slot));
}

void Orcd::send_chat(std::uint64_t id, orchestrator::Ticket ticket) {
    auto& chat = life_->chats.at(id);
    chat.ticket = std::move(ticket);
    const auto& target = chat.ticket->worker();
    check_slots(target.id);
    auto& worker = *directory_.worker(target.url);
    stage_.network.call<WorkerAnswer>(
        {process_, worker.process(), chat_limit},
        [&worker, epoch = chat.ticket->epoch(), what = chat.what](std::function<void(WorkerAnswer)> answer) {
            worker.chat(epoch, what, std::move(answer));
        },
        [this, id](std::expected<WorkerAnswer, CallFailure> answer) {
            if (!answer) return chat_failed(id, refusal_of(answer.error()));
            if (!*answer) return chat_failed(id, answer->error());
            end_chat(id, {});
        });
}

/// Before its first byte a request may go to another worker.
void Orcd::chat_failed(std::uint64_t id, const control::WorkerRefusal& why) {
    auto& chat = life_->chats.at(id);
    const auto worker = chat.ticket->worker().id;
    chat.ticket.reset();
    chat.avoid.insert(worker);
    life_->fleet->worker_unreachable(worker);
    if (chat.avoid.size() < tries_max) return try_chat(id);
    end_chat(id, std::unexpected(contracts::Problem{.code = why.error.code, .detail = why.error.message}));
}

void Orcd::end_chat(std::uint64_t id, ChatAnswer answer) {
    // What it gives back may wake others: it is out of the list before.
    const auto chat = life_->chats.extract(id);
    chat.mapped().answer(std::move(answer));
}

/// Tickets in use at a worker are those of requests and of the attempts that this life dispatched.
void Orcd::check_slots(const WorkerId& worker) {
    const auto slots = stage_.ledger.slots_of(worker);
    if (!slots) return;
    const auto requests = static_cast<std::uint32_t>(std::ranges::count_if(life_->chats, [&](const auto& entry) {
        return entry.second.ticket && entry.second.ticket->worker().id == worker;
    }));
    const auto jobs = stage_.ledger.running_at(worker);
    if (requests + jobs > *slots) {
        stage_.verdict.wrong("slots", fmt::format("{} requests and {} jobs are at worker {} of {} slots", requests,
                                                  jobs, worker.str(), *slots));
    }
}

}  // namespace rbees::simulation
