#pragma once
/// @file
/// The written form of records and entities: type names with versions, and rows.
///
/// A type's name and version are on people's disks: they never change their meaning. A new form of a record gets a
/// higher version, and its reader accepts the older ones. Golden journals of every release are replayed in the tests.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "rbees/base/failure.hpp"
#include "rbees/base/ids.hpp"
#include "rbees/kernel/journal_port.hpp"
#include "rbees/kernel/state.hpp"

namespace rbees::kernel {

/// A record as the journal holds it.
[[nodiscard]] RecordText write_record(const Record& record);

/// A record from the journal. Fails for an unknown type, a version that is newer than this program, or a damaged body.
[[nodiscard]] Result<Record> read_record(const RecordText& text);

/// The rows that these records touched, as `state` (after them) has them. A job that was submitted under a key has a
/// second one, of kind "submission", by which a repeated submission finds it (orchestrator::submission_id); both tell
/// the same until the job's text is erased, and then it goes.
[[nodiscard]] std::vector<EntityRow> rows_of(const std::vector<Record>& records, const State& state);

/// The kinds of entities that recovery loads.
inline constexpr std::string_view entity_kinds[] = {"node", "worker", "model", "token", "job", "session"};

/// The rows that are only looked up, by id.
inline constexpr std::string_view submission_kind = "submission";

/// What the row of a submission says.
struct Submission {
    JobId job;

    bool operator==(const Submission&) const = default;
};
BOOST_DESCRIBE_STRUCT(Submission, (), (job))

/// Puts a live row back into the state. Fails if the row cannot be read.
[[nodiscard]] Result<void> restore_row(State& state, std::string_view kind, std::string_view json);

}  // namespace rbees::kernel
