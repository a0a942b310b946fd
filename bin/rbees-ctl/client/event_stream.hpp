#pragma once
/// @file
/// One connection to a stream of server-sent events whose events are numbered, as tasks have.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/api.hpp"

namespace rbees::ctl {

/// One event. Those that are stored carry a number, the others are only true now.
struct NumberedEvent {
    std::optional<std::uint64_t> number;
    std::string event;
    std::string data;  ///< JSON
};
using OnEvent = std::function<void(const NumberedEvent& event)>;

/// How a connection ended.
struct StreamEnd {
    bool is_whole = false;        ///< the server said that nothing comes any more
    bool was_open = false;        ///< at least the head of the stream came
    std::uint64_t after = 0;      ///< the number of the last event that came
    std::optional<CliError> why;  ///< the refusal, or how it broke; nothing for a proper end
};

/// Reads the events behind number `after` until the connection ends. Each event is handed out once, in order. Fails
/// only for Ctrl-C and the command's deadline.
[[nodiscard]] Checked<StreamEnd> read_events(Api& api, std::string_view path, std::uint64_t after, OnEvent on_event);

}  // namespace rbees::ctl
