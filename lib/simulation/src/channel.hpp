#pragma once
/// @file
/// The receiver's end of a stream over the network. Whoever holds it reads; letting it go closes the connection.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "pipe.hpp"

namespace rbees::simulation {

template <class Item>
class Channel {
  public:
    Channel() = default;
    ~Channel() {
        if (pipe_) pipe_->leave();
    }
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;

    /// A connection, made by the side that answers.
    [[nodiscard]] static std::shared_ptr<Channel> open(Network& network, Process& from, Process& to) {
        auto channel = std::make_shared<Channel>();
        channel->pipe_ = network.pipe(from, to, [weak = std::weak_ptr(channel)] {
            const auto alive = weak.lock();
            if (!alive) return;
            alive->is_closed_ = true;
            alive->tell();
        });
        return channel;
    }

    /// The sender's end.
    class Sender {
      public:
        Sender() = default;
        explicit Sender(const std::shared_ptr<Channel>& channel) : channel_(channel), pipe_(channel->pipe_) {}

        void send(Item item) const {
            pipe_->send([weak = channel_, item = std::move(item)]() mutable {
                const auto alive = weak.lock();
                if (!alive) return;
                alive->items_.push_back(std::move(item));
                alive->tell();
            });
        }
        void close() const { pipe_->close(); }
        [[nodiscard]] bool is_open() const { return pipe_->is_open(); }
        void when_left(std::function<void()> left) const { pipe_->when_left(std::move(left)); }

      private:
        std::weak_ptr<Channel> channel_;
        std::shared_ptr<Pipe> pipe_;
    };

    /// Called when something came, or the stream ended.
    void on_news(std::function<void()> news) { news_ = std::move(news); }

    [[nodiscard]] std::optional<Item> take() {
        if (items_.empty()) return std::nullopt;
        auto item = std::move(items_.front());
        items_.pop_front();
        return item;
    }

    /// Nothing comes any more, and everything was taken.
    [[nodiscard]] bool is_over() const { return is_closed_ && items_.empty(); }

  private:
    void tell() {
        // The listener may let the channel go.
        if (const auto news = news_) news();
    }

    std::deque<Item> items_;
    bool is_closed_ = false;
    std::function<void()> news_;
    std::shared_ptr<Pipe> pipe_;
};

}  // namespace rbees::simulation
