#pragma once
/// @file
/// A worker's event stream on its way to the client: what is for the client passes, what is for us is taken out, and
/// what another worker needs to go on is remembered (decision 0009).
///
/// Only whole events pass, so a worker's death never leaves half of one with the client. The worker says the ids of the
/// tokens before the event that shows their text; they count once that event has passed.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rbees/contracts/executions.hpp"

namespace rbees::orcd {

class Trail {
  public:
    /// Takes bytes of the worker's stream in and gives out the client's events that are whole; may be empty.
    [[nodiscard]] std::string pass(std::string bytes);

    /// What is left at the proper end of the worker's stream.
    [[nodiscard]] std::string rest();

    /// Whether the client has got all that an answer holds, but perhaps its mark of the end.
    [[nodiscard]] bool is_complete() const { return is_done_ || has_usage_; }

    /// The mark of the end, if it has not passed.
    [[nodiscard]] std::string missing_end() const;

    /// Whether another worker can go on behind what has passed.
    [[nodiscard]] bool can_continue() const { return start_ && start_->continuable && knows_ids_ && !is_complete(); }

    /// The order for that worker, whose stream comes next. `request` is the client's own; an answer that it does not
    /// limit may go on as long as the context allows. Only if `can_continue`.
    [[nodiscard]] contracts::Continue go_on(contracts::ExecutionKind operation, reflect::json::object request);

    /// Bytes of one event that are held at most; a longer one passes in pieces, and the stream cannot be continued.
    static constexpr std::size_t event_bytes_max = 4 << 20;

  private:
    void take(std::string_view event, std::string& out);
    void take_data(std::string_view event, std::string& out);
    void take_ids(std::string_view data);
    void take_start(std::string_view data);

    std::string held_;  ///< of an event that has not ended
    std::optional<contracts::ExecutionStart> start_;
    contracts::TokenIdList generated_;
    std::optional<contracts::TokenIdList> announced_;  ///< of the next data event
    bool knows_ids_ = true;                            ///< of everything that has passed
    bool has_passed_ = false;                          ///< a data event, whatever it holds
    bool has_finished_ = false;                        ///< the event with the reason of the end
    bool has_usage_ = false;                           ///< an event behind that one
    bool is_done_ = false;
    bool skips_greeting_ = false;  ///< the next worker repeats the first event, which names the role
    bool skips_finish_ = false;    ///< the next worker repeats the event with the reason of the end
};

}  // namespace rbees::orcd
