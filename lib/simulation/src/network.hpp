#pragma once
/// @file
/// The network between processes, as HTTP over TCP shows it: a call is answered, or fails in one of few ways, or was
/// done although it failed; a stream keeps its order, stops while the network is cut, and breaks off.

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "process.hpp"
#include "rbees/simulation/random.hpp"

namespace rbees::simulation {

/// Why a call has no answer.
enum class CallFailure : std::uint8_t {
    refused,    ///< nothing was sent: nobody listens there
    cut_off,    ///< nothing was sent: no connection within the limit for one
    no_answer,  ///< not within the limit: it may have been done
    broke_off,  ///< the other side died: it may have been done
};

/// How the network is at the moment, for everybody.
struct Weather {
    std::uint32_t loss_per_mille = 0;  ///< of requests, and of answers
    std::uint32_t duplicates_per_mille = 0;
    Duration delay_min = std::chrono::microseconds(200);
    Duration delay_max = std::chrono::milliseconds(3);
};

class Pipe;

class Network {
  public:
    /// As the clients of rbees-orcd have it.
    static constexpr Duration connect_limit = std::chrono::seconds(2);

    Network(Agenda& agenda, Random random) : agenda_(agenda), random_(random) {}

    /// What is sent from one host to the other does not arrive, until it is healed.
    void cut(Host from, Host to) { cuts_.emplace(from, to); }
    void heal(Host from, Host to);
    void heal_all();
    [[nodiscard]] bool is_cut(Host from, Host to) const { return cuts_.contains({from, to}); }

    Weather weather;

    template <class Answer>
    using Reply = std::move_only_function<void(std::expected<Answer, CallFailure>)>;
    template <class Answer>
    using Serve = std::function<void(std::function<void(Answer)> answer)>;

    /// Two processes, and how long the first waits for the second.
    struct Line {
        Process& from;
        Process& to;
        Duration limit{};
    };

    /// `serve` runs at `to`, perhaps twice, perhaps not at all; `reply` at `from`, once.
    template <class Answer>
    void call(Line line, Serve<Answer> serve, Reply<Answer> reply);

    /// A way for messages from one process to another. `closed` is called at `to` when nothing more comes.
    [[nodiscard]] std::shared_ptr<Pipe> pipe(Process& from, Process& to, std::function<void()> closed);

    [[nodiscard]] Duration delay() { return random_.between(weather.delay_min, weather.delay_max); }

  private:
    friend class Pipe;

    /// One call under way.
    template <class Answer>
    struct Call : std::enable_shared_from_this<Call<Answer>> {
        Call(Network& network, Line line, Serve<Answer> serve, Reply<Answer> reply);
        void begin();
        void finish(std::expected<Answer, CallFailure> what);
        void finish_in(Duration pause, std::expected<Answer, CallFailure> what);
        void deliver();
        void answer(Answer what);

        Network& network;
        Process& from;
        Process& to;
        std::uint64_t from_life;
        Duration limit;
        Serve<Answer> serve;
        Reply<Answer> reply;  ///< empty once it was called
        std::optional<Agenda::Entry> timeout;
        std::optional<std::pair<std::uint64_t, Process::MournerId>> mourner;  ///< with the life that it is of
    };

    /// What was on its way when the network was cut arrives some time after it was healed, whoever still waits for it:
    /// TCP sends it again, with longer and longer pauses.
    void arrive_late(Host from, Host to, Task deliver) { late_[{from, to}].push_back(std::move(deliver)); }

    [[nodiscard]] bool is_lost(Host from, Host to) {
        return is_cut(from, to) || random_.chance(weather.loss_per_mille);
    }

    Agenda& agenda_;
    Random random_;
    std::set<std::pair<Host, Host>> cuts_;
    std::map<std::pair<Host, Host>, std::vector<Task>> late_;
    std::vector<std::weak_ptr<Pipe>> stuck_;  ///< have messages that wait for the network to be healed
};

template <class Answer>
Network::Call<Answer>::Call(Network& network_, Line line, Serve<Answer> serve_, Reply<Answer> reply_)
    : network(network_),
      from(line.from),
      to(line.to),
      from_life(line.from.life()),
      limit(line.limit),
      serve(std::move(serve_)),
      reply(std::move(reply_)) {}

template <class Answer>
void Network::Call<Answer>::begin() {
    auto self = this->shared_from_this();
    const bool is_open = !network.is_cut(from.host(), to.host()) && !network.is_cut(to.host(), from.host());
    // Over a connection that is open already a request gets through one way; a new one needs both.
    const bool is_kept = network.random_.chance(500);
    if (!is_open && !is_kept) return finish_in(connect_limit, std::unexpected(CallFailure::cut_off));
    timeout = from.after(limit, [self] { self->finish(std::unexpected(CallFailure::no_answer)); });
    const auto copies = network.random_.chance(network.weather.duplicates_per_mille) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
        if (network.is_cut(from.host(), to.host()) && network.random_.chance(500)) {
            network.arrive_late(from.host(), to.host(), [self] { self->deliver(); });
            continue;
        }
        if (network.is_lost(from.host(), to.host())) continue;
        network.agenda_.after(network.delay(), [self] { self->deliver(); });
    }
}

template <class Answer>
void Network::Call<Answer>::deliver() {
    auto self = this->shared_from_this();
    const bool may_hear = !network.is_cut(to.host(), from.host());
    if (!to.is_up()) {
        if (may_hear) finish_in(network.delay(), std::unexpected(CallFailure::refused));
        return;
    }
    if (!mourner && reply) {
        const auto died = [self] {
            if (!self->network.is_cut(self->to.host(), self->from.host())) {
                self->finish_in(self->network.delay(), std::unexpected(CallFailure::broke_off));
            }
        };
        mourner.emplace(to.life(), to.when_dead(died));
    }
    to.at(network.agenda_.now(), [self] {
        self->serve([self, life = self->to.life()](Answer what) {
            if (life == self->to.life()) self->answer(std::move(what));
        });
    });
}

template <class Answer>
void Network::Call<Answer>::answer(Answer what) {
    if (network.is_lost(to.host(), from.host())) return;
    finish_in(network.delay(), std::move(what));
}

template <class Answer>
void Network::Call<Answer>::finish_in(Duration pause, std::expected<Answer, CallFailure> what) {
    from.after(pause,
               [self = this->shared_from_this(), what = std::move(what)]() mutable { self->finish(std::move(what)); });
}

template <class Answer>
void Network::Call<Answer>::finish(std::expected<Answer, CallFailure> what) {
    if (timeout) network.agenda_.cancel(*timeout);
    if (mourner && mourner->first == to.life()) to.forget(mourner->second);
    timeout.reset();
    mourner.reset();
    auto once = std::exchange(reply, nullptr);
    if (once && from_life == from.life()) once(std::move(what));
}

template <class Answer>
void Network::call(Line line, Serve<Answer> serve, Reply<Answer> reply) {
    std::make_shared<Call<Answer>>(*this, line, std::move(serve), std::move(reply))->begin();
}

}  // namespace rbees::simulation
