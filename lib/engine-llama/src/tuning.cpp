#include "tuning.hpp"

#include <algorithm>
#include <cmath>

namespace rbees::engine {
namespace {

constexpr auto step_usable = step_max * 4 / 5;

std::optional<Duration> quickest(const TimeStep& time_step, std::uint32_t batch) {
    constexpr int runs_max = 3;
    constexpr auto hopeless = step_usable * 3 / 2;
    auto best = time_step(batch);
    for (int run = 1; best && run < runs_max && *best > step_usable && *best < hopeless; ++run) {
        const auto again = time_step(batch);
        if (again) best = std::min(*best, *again);
    }
    return best;
}

}  // namespace

std::uint32_t choose_threads(double free_cores) {
    const auto whole = std::isfinite(free_cores) ? std::llround(free_cores) : 1;
    return static_cast<std::uint32_t>(std::clamp<long long>(whole - 1, 1, 512));
}

BatchChoice choose_batch(const TimeStep& time_step) {
    BatchChoice choice;
    for (auto batch = batch_min; batch <= batch_max; batch *= 2) {
        const auto step = quickest(time_step, batch);
        if (!step || (*step > step_usable && batch > batch_min)) break;
        choice = {.batch = batch, .step = step};
        if (*step > step_usable) break;
    }
    return choice;
}

Duration undisturbed(Duration passed, Duration cpu_time, std::uint32_t threads) {
    // A fifteenth more: threads finish their parts at different times even when they are alone.
    const auto alone = cpu_time / threads * 16 / 15;
    return std::min(passed, alone);
}

Duration growth_per_held_token(std::span<const PromptStep> steps) {
    if (steps.size() < 2) return Duration::zero();
    double held = 0;
    double took = 0;
    for (const auto& step : steps) {
        held += static_cast<double>(step.held.value) / static_cast<double>(steps.size());
        took += static_cast<double>(step.took.count()) / static_cast<double>(steps.size());
    }
    double both = 0;
    double squares = 0;
    for (const auto& step : steps) {
        const double x = static_cast<double>(step.held.value) - held;
        both += x * (static_cast<double>(step.took.count()) - took);
        squares += x * x;
    }
    if (squares <= 0 || both <= 0) return Duration::zero();
    return Duration(std::llround(both / squares));
}

std::expected<Tokens, Bytes> choose_context(const ContextWish& wish, const MemoryNeed& need, Bytes available) {
    const auto fits = [&](Tokens context) { return need.total(context, wish.slots) <= available; };
    if (wish.asked) {
        if (fits(*wish.asked)) return *wish.asked;
        return std::unexpected(need.total(*wish.asked, wish.slots));
    }
    auto context = std::min(wish.trained, default_context);
    const auto least = std::min(context, smallest_context);
    while (!fits(context) && context > least)
        context = std::max(Tokens(context.value / 2), least);
    if (fits(context)) return context;
    return std::unexpected(need.total(least, wish.slots));
}

Bytes choose_prompt_cache(Bytes left) {
    return std::min(Bytes(left.value / 4), mebibytes(2048));
}

}  // namespace rbees::engine
