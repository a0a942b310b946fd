#pragma once
/// @file
/// The simulated engine's answers as JSON: whole bodies and the frames of streams, in OpenAI's shapes.

#include <cstdint>
#include <string>
#include <string_view>

#include "rbees/engine/request.hpp"
#include "sim_generation.hpp"
#include "sim_script.hpp"

namespace rbees::engine {

/// Writes the parts of one answer; its id and time stay the same in all of them. Borrows the script.
class SimulatedFormat {
  public:
    SimulatedFormat(Operation operation, std::string model, std::string_view task, const Script& script);

    /// The whole answer, for a request that does not stream.
    [[nodiscard]] std::string body(std::string_view text, std::string_view finish, const Usage& usage) const;

    /// The frame of the output token at `place`.
    [[nodiscard]] std::string token_frame(std::size_t place, std::string_view text) const;

    /// The frame with the finish reason.
    [[nodiscard]] std::string finish_frame(std::string_view finish) const;

    [[nodiscard]] std::string usage_frame(const Usage& usage) const;

    /// What a chat said in the end, as JSON.
    [[nodiscard]] std::string message(std::string_view text) const;

    /// What the output token at `place` adds to a tool call, as JSON.
    [[nodiscard]] std::string tool_delta(std::size_t place, std::string_view text) const;

    /// The event `rbees.ids` of the output token at `place`.
    [[nodiscard]] static std::string ids_event(std::size_t place, std::int32_t id);

    /// The same before a frame that shows no token.
    [[nodiscard]] static std::string no_ids_event(std::size_t place);

  private:
    [[nodiscard]] bool is_chat() const { return operation_ == Operation::chat; }
    [[nodiscard]] std::string frame(std::string_view choices, std::string_view usage) const;

    Operation operation_;
    std::string model_;
    const Script& script_;
    std::string id_;
    std::int64_t created_ = 0;  ///< seconds since 1970
    std::string call_id_;
};

}  // namespace rbees::engine
