#include "execution_wire.hpp"

#include <gtest/gtest.h>

#include <string>

#include "rbees/reflect/read.hpp"

namespace rbees::workerd {
namespace {

using contracts::ErrorCode;

template <class T>
T read(const pool::ExecutionEvent& event) {
    auto value = reflect::from_json_text<T>(event.data);
    EXPECT_TRUE(value) << event.data;
    return value ? std::move(*value) : T{};
}

TEST(ExecutionWire, WritesTheStartAsTheContractHasIt) {
    const engine::Started started{
        .prompt = {1, 2, 3}, .seed = 7, .sampling = R"({"temperature":0.5})", .continuable = engine::Continuable::yes};

    const auto event = wire_event(started, "a \"hash\"", 5);
    const auto read_back = read<contracts::ExecutionStart>(event);

    EXPECT_EQ(event.name, "start");
    EXPECT_EQ(event.first, 5U);
    EXPECT_EQ(event.count, 0U);
    EXPECT_EQ(read_back.prompt_ids, started.prompt);
    EXPECT_EQ(read_back.seed, 7U);
    EXPECT_EQ(read_back.model_hash, "a \"hash\"");
    EXPECT_EQ(read_back.sampling.at("temperature"), 0.5);
    EXPECT_TRUE(read_back.continuable);
}

TEST(ExecutionWire, WritesAnyTextAndWhatIsNotText) {
    const engine::Said said{
        .first = 9, .ids = {4, 5}, .text = "\"quoted\"\n\\ \xF0\x9F\x90\x9D", .delta = R"({"reasoning_content":"hm"})"};

    const auto event = wire_event(said);
    const auto token = read<contracts::ExecutionToken>(event);

    EXPECT_EQ(event.first, 9U);
    EXPECT_EQ(event.count, 2U);
    EXPECT_EQ(event.data.find('\n'), std::string::npos) << "one line of an event stream";
    EXPECT_EQ(token.i, 9U);
    EXPECT_EQ(token.ids, said.ids);
    EXPECT_EQ(token.t, said.text);
    ASSERT_TRUE(token.delta);
    EXPECT_EQ(token.delta->at("reasoning_content"), "hm");
    EXPECT_FALSE(read<contracts::ExecutionToken>(wire_event(engine::Said{.ids = {1}})).delta);
}

TEST(ExecutionWire, WritesTheEndWithAndWithoutAMessage) {
    engine::Ended ended{.stop_reason = "stop", .prompt = Tokens(3), .output = Tokens(4)};

    const auto plain = read<contracts::ExecutionEnd>(wire_event(ended));
    ended.message = R"({"role":"assistant","content":"x"})";
    const auto chat = read<contracts::ExecutionEnd>(wire_event(ended));

    EXPECT_EQ(plain.usage, (contracts::Usage{Tokens(3), Tokens(4), Tokens(7)}));
    EXPECT_FALSE(plain.message);
    ASSERT_TRUE(chat.message);
    EXPECT_EQ(chat.message->at("content"), "x");
}

TEST(ExecutionWire, TellsWhetherAnotherWorkerMayDoBetter) {
    const auto error_of = [](int status, const std::string& code = {}) {
        return execution_error({.status = status, .message = "no", .code = code});
    };

    EXPECT_EQ(error_of(400).code, ErrorCode::INVALID_PARAMS);
    EXPECT_TRUE(error_of(400).is_final);
    EXPECT_EQ(error_of(400, "context_length_exceeded").code, ErrorCode::CONTEXT_TOO_LONG);
    EXPECT_EQ(error_of(409, "not_continuable").code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_TRUE(error_of(409).is_final);
    EXPECT_EQ(error_of(501).code, ErrorCode::MODEL_INCOMPATIBLE);
    EXPECT_EQ(error_of(503).code, ErrorCode::WORKER_UNAVAILABLE);
    EXPECT_FALSE(error_of(503).is_final);
    EXPECT_EQ(error_of(500).code, ErrorCode::INTERNAL);
    EXPECT_FALSE(error_of(500).is_final);
    EXPECT_EQ(read<contracts::ExecutionError>(wire_event(error_of(500))).message, "no");
}

TEST(ExecutionWire, PutsEventsOneBehindTheOther) {
    EXPECT_EQ(sse_text({{.name = "token", .data = "{}"}, {.name = "end", .data = "[]"}}),
              "event: token\ndata: {}\n\nevent: end\ndata: []\n\n");
}

}  // namespace
}  // namespace rbees::workerd
