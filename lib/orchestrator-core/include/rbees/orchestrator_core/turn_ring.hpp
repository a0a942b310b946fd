#pragma once
/// @file
/// Lines that take turns: the round robin under the queue's fairness.

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace rbees::orchestrator {

/// Lines by key, in the order of their turns. A key that comes anew takes its turn last, so nobody gains by leaving and
/// coming back. A value; every call takes constant time. `Line` must have `empty()`.
template <class Line>
class TurnRing {
  public:
    /// The key's line; a new one goes last.
    [[nodiscard]] Line& line(const std::string& key) {
        const auto found = by_key_.find(key);
        if (found != by_key_.end()) return found->second->second;
        turns_.emplace_back(key, Line{});
        by_key_.emplace(key, std::prev(turns_.end()));
        return turns_.back().second;
    }

    /// The key's line, whose turn is now next.
    [[nodiscard]] Line& first_line(const std::string& key) {
        static_cast<void>(line(key));
        turns_.splice(turns_.begin(), turns_, by_key_.at(key));
        return turns_.front().second;
    }

    /// Whose turn it is. There must be one.
    [[nodiscard]] Line& front() { return turns_.front().second; }

    /// The one in front had its turn: it goes last, or away if its line is empty.
    void turn() {
        if (turns_.front().second.empty()) return forget(turns_.front().first);
        turns_.splice(turns_.end(), turns_, turns_.begin());
    }

    /// Drops the key's line if it is empty.
    void tidy(const std::string& key) {
        const auto found = by_key_.find(key);
        if (found != by_key_.end() && found->second->second.empty()) forget(found->first);
    }

    [[nodiscard]] bool empty() const { return turns_.empty(); }

  private:
    void forget(const std::string& key) {
        const auto found = by_key_.find(key);
        const auto turn = found->second;
        by_key_.erase(found);
        turns_.erase(turn);
    }

    std::list<std::pair<std::string, Line>> turns_;
    std::unordered_map<std::string, typename std::list<std::pair<std::string, Line>>::iterator> by_key_;
};

}  // namespace rbees::orchestrator
