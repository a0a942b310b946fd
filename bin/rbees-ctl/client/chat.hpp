#pragma once
/// @file
/// One question to a model, streamed as it is answered, with a look at the model's loading meanwhile.

#include <boost/describe/class.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "client/api.hpp"

namespace rbees::ctl {

struct Question {
    std::string model;
    std::string prompt;
    std::optional<std::string> system;
    std::optional<std::int64_t> max_tokens;
    std::optional<double> temperature;
};

struct ChatUsage {
    std::optional<std::int64_t> prompt_tokens;
    std::optional<std::int64_t> completion_tokens;
    std::optional<std::int64_t> total_tokens;
};
BOOST_DESCRIBE_STRUCT(ChatUsage, (), (prompt_tokens, completion_tokens, total_tokens))

struct ChatAnswer {
    std::string id;
    std::string model;
    std::string text;
    std::string finish_reason;  ///< "stop", "length"
    std::optional<ChatUsage> usage;
};
BOOST_DESCRIBE_STRUCT(ChatAnswer, (), (id, model, text, finish_reason, usage))

/// What the asker does with what comes. Called on the loop's thread.
struct ChatListener {
    std::function<void(std::string_view text)> on_text;
    std::function<void(std::string_view text)> on_thought;  ///< a reasoning model thinks aloud
    std::function<void(double progress)> on_loading;        ///< 0 to 1, a few times a second while the model loads
};

/// Asks, and returns when the answer is whole. A stream that is cut or ends with an error is an error, whatever came
/// before it.
[[nodiscard]] Checked<ChatAnswer> ask(Api& api, const Question& question, const ChatListener& listener);

}  // namespace rbees::ctl
