#pragma once
/// @file
/// Identifiers, each kind its own type, so that a worker's id cannot be passed for a node's.
///
/// An id is an opaque string `[A-Za-z0-9._:-]{1,128}`. New ones are time-ordered (UUID version 7, RFC 9562), so that
/// lists by id are lists by age.

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "rbees/base/time.hpp"

namespace rbees {

template <class Tag>
class Id {
  public:
    Id() = default;
    explicit Id(std::string value) : value_(std::move(value)) {}

    [[nodiscard]] const std::string& str() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

    auto operator<=>(const Id&) const = default;
    bool operator==(const Id&) const = default;

  private:
    std::string value_;
};

using NodeId = Id<struct NodeTag>;      ///< a pool manager, tool or memory node
using WorkerId = Id<struct WorkerTag>;  ///< one process with one model
using ModelId = Id<struct ModelTag>;    ///< a catalogue slug, `sim:...`, or an alias of one
using TokenId = Id<struct TokenTag>;    ///< a user or node token's record, never the token itself
using JobId = Id<struct JobTag>;
using TaskId = Id<struct TaskTag>;  ///< one request at a worker, for cancelling

/// A new UUIDv7 as text. `random` gives 10 bytes of entropy; both arguments come from the shell.
[[nodiscard]] std::string make_uuid_v7(WallTime now, std::string_view random);

/// A new id from the system's clock and randomness. For shells only; a core gets its ids with the command.
template <class AnyId>
[[nodiscard]] AnyId new_id();

[[nodiscard]] std::string new_uuid();

template <class AnyId>
AnyId new_id() {
    return AnyId(new_uuid());
}

/// Whether the text is a well-formed id: 1 to 128 of `[A-Za-z0-9._:-]`.
[[nodiscard]] bool is_valid_id(std::string_view text);

}  // namespace rbees

template <class Tag>
struct std::hash<rbees::Id<Tag>> {
    std::size_t operator()(const rbees::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
