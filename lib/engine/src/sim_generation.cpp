#include "sim_generation.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace rbees::engine {

SimulatedGeneration::SimulatedGeneration(std::shared_ptr<SimulatedCore> core, Script script, std::size_t first)
    : core_(std::move(core)),
      script_(std::move(script)),
      first_(first),
      output_(script_.output, script_.stops),
      before_(output_.skip(first)),
      stay_(core_) {}

std::expected<std::optional<OutputToken>, ApiError> SimulatedGeneration::next() {
    auto token = output_.next();
    if (!token) return std::nullopt;
    if (auto error = wait_for_token()) return std::unexpected(std::move(*error));
    ++made_;
    core_->count_token(1 / core_->model.decode);
    return token;
}

std::string_view SimulatedGeneration::finish() const {
    return output_.met_stop() ? std::string_view("stop") : script_.finish;
}

Usage SimulatedGeneration::usage() const {
    const Tokens prompt(script_.prompt.size());
    return {.prompt = prompt, .cached = std::min(stay_.cached(), prompt), .output = Tokens(place())};
}

/// What the slot must hold before the first token: the prompt, and what was said to it elsewhere.
TokenIdList SimulatedGeneration::known() const {
    auto tokens = script_.prompt;
    const auto count = std::min(first_, script_.output.size());
    for (std::size_t place = 0; place < count; ++place)
        tokens.push_back(script_.output.at(place));
    return tokens;
}

/// The first token is due with the end of the prompt.
std::optional<ApiError> SimulatedGeneration::wait_for_token() {
    const auto& model = core_->model;
    if (model.fail_after != 0 && made_ >= model.fail_after)
        return server_error("The simulated engine failed, as its model says.");
    if (model.stall_after != 0 && made_ >= model.stall_after) wait_for_stop();
    const std::chrono::duration<double> since_prompt(static_cast<double>(made_) / model.decode);
    core_->pace->wait_until(stay_.prefilled() + std::chrono::duration_cast<Duration>(since_prompt), stay_.token());
    if (stopped()) return cancelled_error();
    return std::nullopt;
}

void SimulatedGeneration::wait_for_stop() {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stay_.token(), [] { return false; });
}

}  // namespace rbees::engine
