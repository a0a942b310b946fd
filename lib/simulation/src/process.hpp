#pragma once
/// @file
/// A process as the world around it sees it: it runs, is frozen, or is dead; and it may live several times.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agenda.hpp"

namespace rbees::simulation {

/// Machines between which the network may be cut. Nodes are numbered from `first_node`.
using Host = std::uint32_t;
inline constexpr Host orcd_host = 0;
inline constexpr Host client_host = 1;
inline constexpr Host first_node = 2;

/// Everything that a process does is entered here, so that it stops when the process does.
class Process {
  public:
    Process(Agenda& agenda, std::string name, Host host) : agenda_(agenda), name_(std::move(name)), host_(host) {}
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] Host host() const { return host_; }
    [[nodiscard]] bool is_up() const { return is_up_; }
    [[nodiscard]] bool is_frozen() const { return is_frozen_; }
    [[nodiscard]] std::uint64_t life() const { return life_; }

    void start() {
        is_up_ = true;
        is_frozen_ = false;
    }

    /// What it had in mind never happens; those who wait for its death hear of it.
    void die() {
        if (!is_up_) return;
        is_up_ = false;
        is_frozen_ = false;
        ++life_;
        backlog_.clear();
        for (auto& [id, mourn] : std::exchange(mourners_, {})) {
            agenda_.after({}, std::move(mourn));
        }
    }

    void freeze() { is_frozen_ = is_up_; }

    /// What would have happened meanwhile happens now, in its order.
    void thaw() {
        is_frozen_ = false;
        for (auto& task : std::exchange(backlog_, {})) {
            at(agenda_.now(), std::move(task));
        }
    }

    /// Runs the task in this life of the process, later if it is frozen then.
    Agenda::Entry at(Instant when, Task task) {
        return agenda_.at(when, [this, life = life_, task = std::move(task)]() mutable {
            if (life != life_ || !is_up_) return;
            if (is_frozen_) return backlog_.push_back(std::move(task));
            task();
        });
    }
    Agenda::Entry after(Duration pause, Task task) { return at(agenda_.now() + pause, std::move(task)); }

    using MournerId = std::uint64_t;

    /// Called once, in nobody's name, when this life ends.
    MournerId when_dead(Task mourn) {
        mourners_.emplace(++mourner_count_, std::move(mourn));
        return mourner_count_;
    }
    void forget(MournerId id) { mourners_.erase(id); }

    [[nodiscard]] Agenda& agenda() { return agenda_; }

  private:
    Agenda& agenda_;
    std::string name_;
    Host host_;
    bool is_up_ = false;
    bool is_frozen_ = false;
    std::uint64_t life_ = 0;
    std::uint64_t mourner_count_ = 0;
    std::vector<Task> backlog_;
    std::map<MournerId, Task> mourners_;
};

}  // namespace rbees::simulation
