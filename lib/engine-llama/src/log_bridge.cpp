#include "log_bridge.hpp"

#include <ggml.h>
#include <llama.h>
#include <log.h>

#include <utility>

namespace rbees::engine {
namespace {

constexpr std::size_t longest_line = 4096;
constexpr int print_nothing = -1;

void receive(ggml_log_level level, const char* text, void* bridge) {
    static_cast<LogBridge*>(bridge)->write(level, text);
}

void drop(ggml_log_level, const char*, void*) {}

}  // namespace

LogBridge::LogBridge(Logger log) : log_(std::move(log)) {
    common_log_set_verbosity_thold(print_nothing);
    llama_log_set(receive, this);
}

LogBridge::~LogBridge() {
    llama_log_set(drop, nullptr);
}

std::string LogBridge::errors() const {
    const std::scoped_lock lock(mutex_);
    std::string text;
    for (const auto& error : errors_)
        text += (text.empty() ? "" : "; ") + error;
    return text;
}

void LogBridge::write(int level, const char* text) {
    const std::scoped_lock lock(mutex_);
    line_ += text;
    if (line_.empty() || (line_.back() != '\n' && line_.size() < longest_line)) return;
    while (!line_.empty() && line_.back() == '\n')
        line_.pop_back();
    const bool says_something = line_.find_first_not_of(" .") != std::string::npos;
    if (says_something) log_.debug(line_);
    if (says_something && level == GGML_LOG_LEVEL_ERROR) {
        errors_.push_back(line_);
        if (errors_.size() > most_errors) errors_.pop_front();
    }
    line_.clear();
}

}  // namespace rbees::engine
