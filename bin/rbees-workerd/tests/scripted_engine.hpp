#pragma once
/// @file
/// An engine that says exactly what a test wrote, and counts what was asked of it. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "rbees/engine/engine.hpp"

namespace rbees::workerd {

/// What every answer says.
struct Script {
    engine::Head head;
    std::vector<std::string> pieces;
    std::vector<engine::Event> events;  ///< with `Frames::tokens`
    bool is_stuck = false;              ///< the head never comes
    bool is_busy = false;               ///< with a step, until `finish_step`: nobody is told what it counted
};

class ScriptedEngine final : public engine::Engine {
  public:
    explicit ScriptedEngine(Script script = {}) : state_(std::make_shared<State>()) {
        state_->script = std::move(script);
    }

    void script(Script script) { state_->script = std::move(script); }

    [[nodiscard]] const engine::Capabilities& capabilities() const override { return capabilities_; }
    [[nodiscard]] engine::Counters counters() const override {
        state_->add(state_->questions);
        (void)state_->await([this] { return !state_->script.is_busy; });
        return {};
    }
    [[nodiscard]] engine::Load load() const override { return {}; }
    [[nodiscard]] std::unique_ptr<engine::Answer> start(engine::Call) override {
        return std::make_unique<ScriptedAnswer>(state_);
    }

    /// Waits until so many pieces were given out, over all answers.
    [[nodiscard]] bool await_pieces(std::size_t count) {
        return state_->await([this, count] { return state_->pieces >= count; });
    }
    [[nodiscard]] bool was_asked() const { return state_->read(state_->questions) > 0; }
    void finish_step() {
        const std::lock_guard lock(state_->mutex);
        state_->script.is_busy = false;
        state_->changed.notify_all();
    }
    /// Waits until an answer was asked for its head.
    [[nodiscard]] bool await_answer() {
        return state_->await([this] { return state_->heads > 0; });
    }
    [[nodiscard]] std::size_t pieces_given() const { return state_->read(state_->pieces); }
    [[nodiscard]] std::size_t cancels() const { return state_->read(state_->cancels); }
    [[nodiscard]] std::size_t answers_alive() const { return state_->read(state_->alive); }
    [[nodiscard]] std::size_t answers_made() const { return state_->read(state_->made); }

  private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        Script script;
        std::size_t pieces = 0;
        std::size_t cancels = 0;
        std::size_t alive = 0;
        std::size_t made = 0;
        std::size_t heads = 0;
        std::size_t questions = 0;

        template <class Condition>
        bool await(Condition condition) {
            std::unique_lock lock(mutex);
            return changed.wait_for(lock, std::chrono::seconds(30), condition);
        }
        std::size_t read(const std::size_t& counter) {
            const std::lock_guard lock(mutex);
            return counter;
        }
        void add(std::size_t& counter) {
            const std::lock_guard lock(mutex);
            ++counter;
            changed.notify_all();
        }
    };

    class ScriptedAnswer final : public engine::Answer {
      public:
        explicit ScriptedAnswer(std::shared_ptr<State> state) : state_(std::move(state)) {
            state_->add(state_->made);
            state_->add(state_->alive);
        }
        ~ScriptedAnswer() override {
            const std::lock_guard lock(state_->mutex);
            --state_->alive;
        }

        engine::Head head() override {
            state_->add(state_->heads);
            if (!state_->script.is_stuck) return state_->script.head;
            (void)state_->await([this] { return is_cancelled_; });
            return {.status = 499};
        }

        std::optional<std::string> next() override {
            const std::lock_guard lock(state_->mutex);
            if (is_cancelled_ || at_ == state_->script.pieces.size()) return std::nullopt;
            ++state_->pieces;
            state_->changed.notify_all();
            return state_->script.pieces[at_++];
        }

        std::optional<engine::Event> next_event() override {
            const std::lock_guard lock(state_->mutex);
            if (is_cancelled_ || at_ == state_->script.events.size()) return std::nullopt;
            ++state_->pieces;
            state_->changed.notify_all();
            return state_->script.events[at_++];
        }

        void cancel() noexcept override {
            const std::lock_guard lock(state_->mutex);
            is_cancelled_ = true;
            ++state_->cancels;
            state_->changed.notify_all();
        }

      private:
        std::shared_ptr<State> state_;
        std::size_t at_ = 0;
        bool is_cancelled_ = false;
    };

    std::shared_ptr<State> state_;
    engine::Capabilities capabilities_{.model = "scripted", .model_hash = "none"};
};

}  // namespace rbees::workerd
