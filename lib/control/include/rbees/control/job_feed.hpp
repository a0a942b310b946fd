#pragma once
/// @file
/// Readers of jobs' streams: each asks for what lies behind the last frame that it has, and is answered as soon as
/// there is something on disk.
///
/// A reader asks anew when it has written what it got, so a slow one gets larger pieces and nothing queues up for it.
/// The newest frames of live jobs are kept in memory; older ones come from the archive. On the control thread.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rbees/control/archive.hpp"
#include "rbees/control/fleet_control.hpp"

namespace rbees::control {

/// A piece of a stream.
struct FramePiece {
    std::uint64_t first = 0;  ///< number of the first frame; they are numbered from 1
    std::vector<orchestrator::Frame> frames;
    bool is_end = false;  ///< the stream ends behind them
};

enum class ReaderId : std::uint64_t {};

using PieceReply = std::function<void(Checked<FramePiece> piece)>;

class JobFeed {
  public:
    explicit JobFeed(Archive& archive) : archive_(archive) {}

    /// A live job of whose stream so many frames are on disk.
    void opened(const JobId& job, std::uint64_t frames);

    [[nodiscard]] bool is_open(const JobId& job) const { return live_.contains(job); }

    /// These will be its next ones; they are not shown before `shown` counts them.
    void stored(const JobId& job, std::vector<orchestrator::Frame> frames);

    /// So many of its frames are on disk.
    void shown(const JobId& job, std::uint64_t frames);

    /// Its last frame is on disk.
    void ended(const JobId& job);

    /// What lies behind frame `after` (0: from the start), once there is something; nothing and `is_end` if all of it
    /// was read. Refused with NOT_FOUND, with GONE after the retention, and with INVALID_PARAMS for a frame that never
    /// was.
    void read(ReaderId reader, const JobId& job, std::uint64_t after, PieceReply reply);

    /// The reader left; its reply is not called any more.
    void leave(ReaderId reader);

    void stop() { waiting_.clear(); }

  private:
    /// A job that lives.
    struct Live {
        std::uint64_t shown = 0;
        std::deque<orchestrator::Frame> tail;  ///< the last of the stored ones
        std::uint64_t stored = 0;              ///< the number of the tail's last frame
    };
    struct Reader {
        JobId job;
        std::uint64_t after = 0;
        PieceReply reply;
    };

    void serve(const JobId& job);
    [[nodiscard]] std::optional<Checked<FramePiece>> find(const JobId& job, std::uint64_t after);
    [[nodiscard]] std::optional<Checked<FramePiece>> find_on_disk(const JobId& job, std::uint64_t after);
    [[nodiscard]] Checked<FramePiece> read_archive(const JobId& job, std::uint64_t after, std::uint64_t last);

    Archive& archive_;
    std::map<JobId, Live> live_;
    std::map<ReaderId, Reader> waiting_;
    std::multimap<JobId, ReaderId> readers_of_;
};

}  // namespace rbees::control
