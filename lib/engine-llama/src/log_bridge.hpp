#pragma once
/// @file
/// llama.cpp's log lines, passed on at debug; the last errors are kept to explain a load that failed.

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>

#include "rbees/base/log.hpp"

namespace rbees::engine {

/// One at a time in a process, because llama.cpp has one log callback. Thread-safe.
class LogBridge {
  public:
    /// Takes llama.cpp's log over. The common library's own printing is switched off.
    explicit LogBridge(Logger log);
    LogBridge(const LogBridge&) = delete;
    LogBridge& operator=(const LogBridge&) = delete;
    ~LogBridge();

    /// The error lines so far, the newest `most_errors`, as one text.
    [[nodiscard]] std::string errors() const;

    void write(int level, const char* text);

  private:
    static constexpr std::size_t most_errors = 8;

    Logger log_;
    mutable std::mutex mutex_;
    std::string line_;  ///< pieces that are not a whole line yet
    std::deque<std::string> errors_;
};

}  // namespace rbees::engine
