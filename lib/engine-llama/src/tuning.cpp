#include "tuning.hpp"

#include <algorithm>
#include <cmath>

namespace rbees::engine {

std::uint32_t choose_threads(double free_cores) {
    const auto whole = std::isfinite(free_cores) ? std::llround(free_cores) : 1;
    return static_cast<std::uint32_t>(std::clamp<long long>(whole - 1, 1, 512));
}

std::uint32_t choose_batch(double prefill_rate) {
    constexpr double usable = 0.8;
    if (!(prefill_rate > 0)) return batch_min;
    const double tokens = std::min<double>(prefill_rate * step_seconds_max * usable, batch_max);
    const auto multiple = static_cast<std::uint32_t>(tokens) / batch_min * batch_min;
    return std::max(multiple, batch_min);
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
