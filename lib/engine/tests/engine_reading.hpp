#pragma once
/// @file
/// Reads an engine's answers in tests: whole bodies, and streams as their frames.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rbees/engine/engine.hpp"

namespace rbees::engine::testing {

struct Reply {
    Head head;
    std::string body;

    [[nodiscard]] boost::json::value json() const { return boost::json::parse(body); }

    /// `error.code` of an error body; "null" where it is null.
    [[nodiscard]] std::string error_code() const {
        const auto value = json().at("error").at("code");
        return value.is_string() ? std::string(value.as_string()) : "null";
    }
};

inline Reply read_all(Answer& answer) {
    Reply reply{.head = answer.head(), .body = {}};
    while (auto piece = answer.next())
        reply.body += *piece;
    return reply;
}

inline Reply ask(Engine& engine, Operation operation, std::string body, TokenIds ids = TokenIds::left_out) {
    const auto answer = engine.start({.operation = operation, .body = std::move(body), .ids = ids});
    return read_all(*answer);
}

/// One SSE event: its name (empty for a plain one) and its data.
struct Frame {
    std::string event;
    std::string data;

    [[nodiscard]] boost::json::value json() const { return boost::json::parse(data); }
};

inline std::vector<Frame> frames_of(std::string_view stream) {
    std::vector<Frame> frames;
    while (!stream.empty()) {
        const auto end = stream.find("\n\n");
        if (end == std::string_view::npos) {
            ADD_FAILURE() << "the stream ends inside a frame: " << stream;
            break;
        }
        auto lines = stream.substr(0, end);
        stream.remove_prefix(end + 2);
        Frame frame;
        while (!lines.empty()) {
            const auto line = lines.substr(0, lines.find('\n'));
            lines.remove_prefix(std::min(lines.size(), line.size() + 1));
            if (line.starts_with("event: ")) frame.event = line.substr(7);
            if (line.starts_with("data: ")) frame.data = line.substr(6);
        }
        frames.push_back(std::move(frame));
    }
    return frames;
}

/// The content of all chat chunks, or the text of all completion chunks.
inline std::string streamed_text(const std::vector<Frame>& frames) {
    std::string text;
    for (const auto& frame : frames) {
        if (!frame.event.empty() || frame.data == "[DONE]") continue;
        const auto chunk = frame.json();
        const auto* choices = chunk.at("choices").if_array();
        if (choices == nullptr || choices->empty()) continue;
        const auto& choice = choices->front().as_object();
        const auto* part = choice.if_contains("text");
        if (part == nullptr) part = choice.at("delta").as_object().if_contains("content");
        if (part != nullptr && part->is_string()) text += part->as_string();
    }
    return text;
}

}  // namespace rbees::engine::testing
