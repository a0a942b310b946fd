#pragma once
/// @file
/// Where finished log lines go, and from which level on.

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "rbees/base/log.hpp"

namespace rbees {

/// Thread-safe: one line at a time reaches `write`.
class LogSink {
  public:
    using Write = std::function<void(std::string_view line)>;

    LogSink(LogLevel level, Write write) : level_(level), write_(std::move(write)) {}

    [[nodiscard]] bool wants(LogLevel level) const { return level_ <= level; }

    void put(std::string_view line) {
        const std::lock_guard lock(mutex_);
        write_(line);
    }

  private:
    LogLevel level_;
    std::mutex mutex_;
    Write write_;
};

}  // namespace rbees
