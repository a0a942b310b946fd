#include "answer_stream.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <condition_variable>
#include <stop_token>
#include <thread>
#include <utility>

#include "scripted_engine.hpp"

namespace rbees::workerd {
namespace {

using std::chrono_literals::operator""s;

constexpr std::size_t bytes_max = 1000;

class AnswerStreamTest : public testing::Test {
  protected:
    /// Runs the stream on a thread of its own, as a reader does.
    void start(std::string body = "{}") {
        reader = std::jthread([this, body = std::move(body)] { stream->run(engine, {.body = body}); });
    }

    template <class T>
    T await(net::Task<T> task) {
        std::optional<T> result;
        boost::asio::co_spawn(io, std::move(task),
                              [&](std::exception_ptr, T value) { result.emplace(std::move(value)); });
        io.restart();
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (!result && std::chrono::steady_clock::now() < deadline) {
            io.run_one_for(1s);
        }
        if (!result) throw std::runtime_error("nothing came");
        return std::move(*result);
    }

    std::string take_all() {
        std::string all;
        for (auto pieces = await(stream->take()); !pieces.empty(); pieces = await(stream->take())) {
            all += pieces;
        }
        return all;
    }

    net::IoContext io{1};
    std::shared_ptr<AnswerStream> stream = std::make_shared<AnswerStream>(io, bytes_max);
    ScriptedEngine engine;
    std::jthread reader;
};

TEST_F(AnswerStreamTest, HandsOnHeadAndEveryByteInOrder) {
    engine.script({.head = {.status = 418, .content_type = "text/tea"}, .pieces = {"a", "bc", "def"}});

    start();

    const auto opening = await(stream->opening());
    ASSERT_TRUE(opening);
    EXPECT_EQ(*opening, (engine::Head{418, "text/tea"}));
    EXPECT_EQ(take_all(), "abcdef");
    EXPECT_EQ(take_all(), "");
}

TEST_F(AnswerStreamTest, JoinsPiecesThatCameMeanwhile) {
    engine.script({.pieces = {"a", "b", "c"}});

    start();
    reader.join();

    EXPECT_TRUE(await(stream->opening()));
    EXPECT_EQ(await(stream->take()), "abc");
}

TEST_F(AnswerStreamTest, ReaderThreadWaitsWhileNobodyTakesAndMemoryStaysBounded) {
    const std::string piece(300, 'x');
    engine.script({.pieces = std::vector<std::string>(50, piece)});
    start();
    ASSERT_TRUE(await(stream->opening()));

    // Four pieces reach the bound; the fifth is in the reader's hand and cannot be put down.
    ASSERT_TRUE(engine.await_pieces(5));
    std::size_t taken = 0;
    std::size_t largest = 0;
    for (auto pieces = await(stream->take()); !pieces.empty(); pieces = await(stream->take())) {
        taken += pieces.size();
        largest = std::max(largest, pieces.size());
    }

    EXPECT_EQ(taken, 50 * piece.size());
    EXPECT_LT(largest, bytes_max + piece.size());
}

TEST_F(AnswerStreamTest, PieceOverTheBoundPassesAlone) {
    const std::string piece(10 * bytes_max, 'x');
    engine.script({.pieces = {piece, "y"}});

    start();

    ASSERT_TRUE(await(stream->opening()));
    EXPECT_EQ(take_all(), piece + "y");
}

TEST_F(AnswerStreamTest, CancelEndsAReaderThatWaitsForRoom) {
    engine.script({.pieces = std::vector<std::string>(50, std::string(300, 'x'))});
    start();
    ASSERT_TRUE(engine.await_pieces(5));

    stream->cancel(Stopped::client_left);
    reader.join();

    EXPECT_LE(engine.pieces_given(), 5U);
    EXPECT_EQ(engine.cancels(), 1U);
    EXPECT_EQ(engine.answers_alive(), 0U);
}

TEST_F(AnswerStreamTest, CancelReachesAnEngineThatHasNoHeadYet) {
    engine.script({.is_stuck = true});
    start();
    ASSERT_TRUE(engine.await_answer());

    stream->cancel(Stopped::by_task);
    const auto opening = await(stream->opening());

    ASSERT_FALSE(opening);
    EXPECT_EQ(opening.error().code, contracts::ErrorCode::CANCELLED);
    EXPECT_EQ(take_all(), "");
    EXPECT_EQ(stream->stopped(), Stopped::by_task);
}

TEST_F(AnswerStreamTest, AnswerThatIsCancelledBeforeItsThreadRunsNeverStarts) {
    stream->cancel(Stopped::by_task);

    start();

    EXPECT_FALSE(await(stream->opening()));
    EXPECT_EQ(engine.answers_made(), 0U);
}

TEST_F(AnswerStreamTest, FirstReasonToStopStaysAndNoneIsTakenAfterTheEnd) {
    engine.script({.pieces = {"a"}});
    start();
    reader.join();

    stream->cancel(Stopped::client_left);
    EXPECT_FALSE(stream->stopped());

    const auto other = std::make_shared<AnswerStream>(io, bytes_max);
    other->cancel(Stopped::by_task);
    other->cancel(Stopped::client_left);
    EXPECT_EQ(other->stopped(), Stopped::by_task);
}

TEST_F(AnswerStreamTest, HandsOnEveryEventInOrder) {
    engine.script(
        {.events = {engine::Started{}, engine::Said{.text = "a"}, engine::Said{.text = "b"}, engine::Ended{}}});
    reader = std::jthread([this] { stream->run_checked(engine, {.frames = engine::Frames::tokens}); });

    std::vector<engine::Event> all;
    for (auto events = await(stream->take_events()); !events.empty(); events = await(stream->take_events())) {
        all.insert(all.end(), events.begin(), events.end());
    }

    ASSERT_EQ(all.size(), 4U);
    EXPECT_TRUE(std::holds_alternative<engine::Started>(all[0]));
    EXPECT_EQ(std::get<engine::Said>(all[2]).text, "b");
    EXPECT_TRUE(std::holds_alternative<engine::Ended>(all[3]));
}

TEST_F(AnswerStreamTest, ReaderThreadWaitsForRoomWithEventsToo) {
    const engine::Said said{.text = std::string(300, 'x')};
    engine.script({.events = std::vector<engine::Event>(50, said)});
    reader = std::jthread([this] { stream->run_checked(engine, {.frames = engine::Frames::tokens}); });

    // At most three fit under the bound, and one is in the reader's hand.
    ASSERT_TRUE(engine.await_pieces(3));
    std::size_t taken = 0;
    std::size_t largest = 0;
    for (auto events = await(stream->take_events()); !events.empty(); events = await(stream->take_events())) {
        taken += events.size();
        largest = std::max(largest, events.size());
    }

    EXPECT_EQ(taken, 50U);
    EXPECT_LE(largest, 4U);
}

TEST_F(AnswerStreamTest, EngineIsNotAskedForABrokenBody) {
    start("{\"a\":");

    const auto opening = await(stream->opening());

    ASSERT_FALSE(opening);
    EXPECT_EQ(opening.error().code, contracts::ErrorCode::INVALID_PARAMS);
    EXPECT_EQ(engine.answers_made(), 0U);
}

}  // namespace
}  // namespace rbees::workerd
