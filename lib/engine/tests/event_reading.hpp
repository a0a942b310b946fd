#pragma once
/// @file
/// Reads an engine's events in tests.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rbees/engine/engine.hpp"

namespace rbees::engine::testing {

/// An answer's events, sorted.
struct Heard {
    Head head;
    std::optional<Started> started;
    std::vector<Said> said;
    std::optional<Ended> ended;
    std::optional<ApiError> error;

    [[nodiscard]] TokenIdList ids() const {
        TokenIdList ids;
        for (const auto& each : said)
            ids.insert(ids.end(), each.ids.begin(), each.ids.end());
        return ids;
    }

    /// What was thought, the text, and the arguments of tool calls, in order.
    [[nodiscard]] std::string text() const {
        std::string text;
        for (const auto& each : said) {
            const auto delta = boost::json::parse(each.delta.empty() ? "{}" : each.delta).as_object();
            if (const auto* thought = delta.if_contains("reasoning_content")) text += thought->as_string();
            text += each.text;
            const auto* calls = delta.if_contains("tool_calls");
            for (const auto& call : calls == nullptr ? boost::json::array{} : calls->as_array()) {
                const auto* function = call.as_object().if_contains("function");
                const auto* arguments = function == nullptr ? nullptr : function->as_object().if_contains("arguments");
                if (arguments != nullptr) text += arguments->as_string();
            }
        }
        return text;
    }
};

/// Reads to the end, and holds the events to their order: the start first, then tokens without a gap, one last word.
inline Heard hear(Answer& answer, std::size_t known = 0) {
    Heard heard{.head = answer.head()};
    auto next = known;
    while (auto event = answer.next_event()) {
        EXPECT_FALSE(heard.ended || heard.error) << "something came behind the last event";
        if (auto* started = std::get_if<Started>(&*event)) {
            EXPECT_FALSE(heard.started.has_value());
            heard.started = std::move(*started);
        } else if (auto* said = std::get_if<Said>(&*event)) {
            EXPECT_TRUE(heard.started.has_value());
            EXPECT_EQ(said->first, next);
            EXPECT_FALSE(said->ids.empty());
            next += said->ids.size();
            heard.said.push_back(std::move(*said));
        } else if (auto* ended = std::get_if<Ended>(&*event)) {
            heard.ended = std::move(*ended);
        } else {
            heard.error = std::get<ApiError>(std::move(*event));
        }
    }
    return heard;
}

}  // namespace rbees::engine::testing
