#pragma once
/// @file
/// Reads a stream of an engine in tests as orcd does: what the client gets, and what lets another worker go on.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "engine_reading.hpp"

namespace rbees::engine::testing {

/// What a client has of a stream, and what orcd keeps to let another worker go on.
struct Received {
    boost::json::value start;
    TokenIdList ids;
    std::string said;  ///< what was thought, content, text, and the arguments of tool calls, in order
    std::string finish;
    boost::json::value usage;
    std::vector<std::pair<std::size_t, std::size_t>> seams;  ///< ids and bytes of `said` after each data frame
    std::size_t roles = 0;
    std::string tool_call;  ///< name and id
};

inline void take_chunk(Received& received, const boost::json::value& chunk) {
    if (const auto* usage = chunk.as_object().if_contains("usage"); usage != nullptr && usage->is_object())
        received.usage = *usage;
    for (const auto& choice : chunk.at("choices").as_array()) {
        if (choice.at("finish_reason").is_string()) received.finish = choice.at("finish_reason").as_string();
        if (const auto* text = choice.as_object().if_contains("text")) received.said += text->as_string();
        const auto* delta = choice.as_object().if_contains("delta");
        if (delta == nullptr) continue;
        const auto& members = delta->as_object();
        if (members.contains("role")) ++received.roles;
        if (const auto* thought = members.if_contains("reasoning_content")) received.said += thought->as_string();
        if (const auto* content = members.if_contains("content"); content != nullptr && content->is_string())
            received.said += content->as_string();
        const auto* calls = members.if_contains("tool_calls");
        if (calls == nullptr) continue;
        const auto& call = calls->at(0).as_object();
        const auto& function = call.at("function").as_object();
        if (call.contains("id"))
            received.tool_call +=
                std::string(function.at("name").as_string()) + "/" + std::string(call.at("id").as_string());
        if (const auto* arguments = function.if_contains("arguments")) received.said += arguments->as_string();
    }
}

inline Received receive(Answer& answer, std::size_t known = 0) {
    const auto reply = read_all(answer);
    EXPECT_EQ(reply.head.status, 200) << reply.body;
    Received received;
    TokenIdList next;
    for (const auto& frame : frames_of(reply.body)) {
        if (frame.data == "[DONE]") continue;
        if (frame.event == "rbees.start") received.start = frame.json();
        if (frame.event == "rbees.ids") {
            EXPECT_EQ(frame.json().at("i").to_number<std::size_t>(), known + received.ids.size());
            next = boost::json::value_to<TokenIdList>(frame.json().at("ids"));
        }
        if (!frame.event.empty()) continue;
        take_chunk(received, frame.json());
        received.ids.insert(received.ids.end(), next.begin(), next.end());
        next.clear();
        received.seams.emplace_back(received.ids.size(), received.said.size());
    }
    return received;
}

}  // namespace rbees::engine::testing
