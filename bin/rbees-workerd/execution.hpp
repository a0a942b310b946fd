#pragma once
/// @file
/// One execution: what is known of it beside what the book keeps (`pool_core/execution_book.hpp`).

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "answer_stream.hpp"
#include "bell.hpp"
#include "rbees/contracts/problem.hpp"
#include "rbees/engine/engine.hpp"
#include "rbees/net/task.hpp"
#include "rbees/pool_core/execution_book.hpp"
#include "task_book.hpp"

namespace rbees::workerd {

/// The loop's thread only; held by shared_ptr, because its reader and its pump may outlast it.
class Execution {
  public:
    using Verdict = std::expected<void, contracts::Problem>;

    /// `running` makes the worker's end wait for it, and for whoever holds it beside.
    Execution(net::IoContext& io, pool::ExecutionKey key, engine::Call call, TaskBook::Entry running);
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;

    [[nodiscard]] const pool::ExecutionKey& key() const { return key_; }

    /// Whether the engine takes the order; waits until it has looked at it.
    [[nodiscard]] net::Task<Verdict> verdict();

    /// The first verdict stays.
    void settle(Verdict verdict);
    [[nodiscard]] bool is_settled() const { return verdict_.has_value(); }

    /// Held while the engine works for it.
    [[nodiscard]] std::shared_ptr<const TaskBook::Entry> running() const { return running_; }

    /// What to ask the engine: the whole answer, or what is missing of it.
    [[nodiscard]] engine::Call next_call(const std::string& model_hash) const;

    /// The stream of the answer to it.
    void follow(std::shared_ptr<AnswerStream> stream);

    /// The engine's first word. False if it came before: for the rest of an answer it says nothing new.
    [[nodiscard]] bool note(const engine::Started& started);

    /// Counts tokens. False if they are not those that come next.
    [[nodiscard]] bool note(const engine::Said& said);

    /// Tokens so far, over all attempts: the index of the next one.
    [[nodiscard]] std::uint64_t tokens() const { return generated_.size(); }

    /// The last event was said.
    void note_end() { has_ended_ = true; }
    [[nodiscard]] bool has_ended() const { return has_ended_; }

    /// Stops the engine, and keeps what is needed to go on. No effect if the engine has said everything.
    void pause();
    [[nodiscard]] bool is_paused() const { return is_paused_; }

    /// Stops the engine for good; whoever reads or waits leaves.
    void stop();

    /// A newer reader takes the place of the one before.
    [[nodiscard]] std::uint64_t add_reader();
    void remove_reader(std::uint64_t reader);
    [[nodiscard]] bool is_reader(std::uint64_t reader) const { return reader == reader_; }

    /// Rings when there is something to read, or nothing any more.
    [[nodiscard]] Bell& news() { return news_; }

  private:
    const pool::ExecutionKey key_;
    const engine::Call call_;
    std::shared_ptr<const TaskBook::Entry> running_;  ///< until it is stopped
    Bell news_;
    std::optional<Verdict> verdict_;
    std::shared_ptr<AnswerStream> stream_;
    std::optional<engine::Started> started_;
    engine::TokenIdList generated_;  ///< over all attempts
    bool is_paused_ = false;
    bool has_ended_ = false;
    std::uint64_t last_reader_ = 0;
    std::uint64_t reader_ = 0;  ///< 0: nobody reads
};

}  // namespace rbees::workerd
