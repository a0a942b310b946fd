#include "rbees/control/job_feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "damaged.hpp"
#include "rbees/base/planted.hpp"
#include "rbees/orchestrator_core/refusals.hpp"

namespace rbees::control {
namespace {

using contracts::ErrorCode;
using contracts::Problem;

/// Frames of a live job that are kept in memory: what readers are behind while they keep up.
constexpr std::size_t tail_frames_max = 64;

}  // namespace

void JobFeed::opened(const JobId& job, std::uint64_t frames) {
    auto& live = live_[job];
    live.shown = live.stored = frames;
}

void JobFeed::stored(const JobId& job, std::vector<orchestrator::Frame> frames) {
    const auto found = live_.find(job);
    if (found == live_.end()) return;
    auto& live = found->second;
    live.stored += frames.size();
    std::ranges::move(frames, std::back_inserter(live.tail));
    while (live.tail.size() > tail_frames_max) {
        live.tail.pop_front();
    }
    if (planted(Bug::early_frames)) {
        live.shown = live.stored;
        serve(job);
    }
}

void JobFeed::shown(const JobId& job, std::uint64_t frames) {
    const auto found = live_.find(job);
    if (found == live_.end()) return;
    auto& live = found->second;
    if (live.stored != frames) {  // they did not come through `stored`
        live.tail.clear();
        live.stored = frames;
    }
    live.shown = frames;
    serve(job);
}

void JobFeed::ended(const JobId& job) {
    live_.erase(job);
    serve(job);
}

void JobFeed::read(ReaderId reader, const JobId& job, std::uint64_t after, PieceReply reply) {
    if (auto piece = find(job, after)) return reply(std::move(*piece));
    waiting_.insert_or_assign(reader, Reader{job, after, std::move(reply)});
    readers_of_.emplace(job, reader);
}

void JobFeed::leave(ReaderId reader) {
    const auto found = waiting_.find(reader);
    if (found == waiting_.end()) return;
    const auto [begin, end] = readers_of_.equal_range(found->second.job);
    const auto place = std::find_if(begin, end, [&](const auto& entry) { return entry.second == reader; });
    if (place != end) readers_of_.erase(place);
    waiting_.erase(found);
}

void JobFeed::serve(const JobId& job) {
    const auto [begin, end] = readers_of_.equal_range(job);
    std::vector<ReaderId> readers;
    for (auto entry = begin; entry != end; ++entry) {
        readers.push_back(entry->second);
    }
    for (const auto id : readers) {
        const auto found = waiting_.find(id);
        if (found == waiting_.end()) continue;
        auto piece = find(job, found->second.after);
        if (!piece) continue;
        const auto reply = std::move(found->second.reply);
        leave(id);
        reply(std::move(*piece));
    }
}

/// The answer, if there is one now.
std::optional<Checked<FramePiece>> JobFeed::find(const JobId& job, std::uint64_t after) {
    const auto found = live_.find(job);
    if (found == live_.end()) return find_on_disk(job, after);
    const auto& live = found->second;
    if (after == live.shown) return std::nullopt;
    if (after > live.shown) {
        return std::unexpected(Problem{.code = ErrorCode::INVALID_PARAMS,
                                       .detail = fmt::format("the stream has {} events yet, not {}", live.shown, after),
                                       .hint = "Last-Event-ID is the id of the last event that you got"});
    }
    const auto tail_begin = live.stored - live.tail.size();  // frames before the tail
    if (after < tail_begin) return read_archive(job, after, live.shown);
    FramePiece piece{.first = after + 1, .frames = {}, .is_end = false};
    const auto from = live.tail.begin() + static_cast<std::ptrdiff_t>(after - tail_begin);
    const auto to = live.tail.begin() + static_cast<std::ptrdiff_t>(live.shown - tail_begin);
    piece.frames.assign(from, to);
    return piece;
}

std::optional<Checked<FramePiece>> JobFeed::find_on_disk(const JobId& id, std::uint64_t after) {
    const auto job = archive_.job(id);
    if (!job) return damaged(job.error());
    if (!*job) return std::unexpected(orchestrator::no_task(id));
    if ((*job)->erased) {
        return std::unexpected(Problem{.code = ErrorCode::GONE,
                                       .detail = fmt::format("the text of task {} was erased", id.str()),
                                       .hint = "the option tasks.retain says for how long text is kept"});
    }
    const auto frames = (*job)->frames;
    if (after > frames) {
        return std::unexpected(Problem{.code = ErrorCode::INVALID_PARAMS,
                                       .detail = fmt::format("the stream has {} events, not {}", frames, after),
                                       .hint = "Last-Event-ID is the id of the last event that you got"});
    }
    // One that was accepted a moment ago is on disk before it is `opened`.
    const bool has_ended = contracts::has_ended((*job)->state);
    if (after == frames && !has_ended) return std::nullopt;
    if (after == frames) return FramePiece{.first = after + 1, .frames = {}, .is_end = true};
    auto piece = read_archive(id, after, frames);
    if (piece) piece->is_end = has_ended && after + piece->frames.size() == frames;
    return piece;
}

/// Some frames behind `after`, none behind `last`.
Checked<FramePiece> JobFeed::read_archive(const JobId& job, std::uint64_t after, std::uint64_t last) {
    auto pieces = archive_.frames(job, after + 1);
    if (!pieces) return damaged(pieces.error());
    FramePiece piece{.first = after + 1, .frames = {}, .is_end = false};
    for (auto& stored : *pieces) {
        auto number = stored.first;
        for (auto& frame : stored.frames) {
            if (number > after && number <= last) piece.frames.push_back(std::move(frame));
            ++number;
        }
    }
    if (piece.frames.empty()) {
        return damaged(
            Failure{fmt::format("event {} of task {} is missing on disk", after + 1, job.str()), "rbees audit verify"});
    }
    return piece;
}

}  // namespace rbees::control
