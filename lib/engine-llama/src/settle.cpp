#include "settle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "gpu.hpp"
#include "load_refusal.hpp"
#include "probe.hpp"

namespace rbees::engine {
namespace {

constexpr std::chrono::milliseconds cpu_window{150};
constexpr Bytes repack_max = mebibytes(8192);  ///< repacking more takes longer than a better choice is worth

std::expected<void, LoadError> check_gpu(const LoadPlan& plan) {
    const bool needs_one = plan.gpu_layers == all_layers || plan.gpu_layers > 0;
    if (!needs_one || gpu_kind()) return {};
    return refuse_load(LoadErrorKind::no_gpu, "layers are wanted on a GPU, but this rbees-workerd can use none",
                       "docs/gpu.md says how to build it for GPUs; or run the model on the CPU");
}

/// What the weights, the cache and the buffers may take together.
struct Room {
    Bytes free;
    std::string_view of;
    LoadErrorKind refusal = LoadErrorKind::not_enough_memory;
};

Room room_for(const LoadPlan& plan) {
    if (plan.gpu_layers == all_layers) {
        const auto free = free_gpu_memory();
        return {Bytes(free.value - std::min(free, gpu_reserve).value), "GPU memory",
                LoadErrorKind::not_enough_gpu_memory};
    }
    // As many layers as fit: what the GPU cannot take is llama.cpp's own to find out.
    const bool may_use_gpu = plan.gpu_layers != 0 && gpu_kind();
    return {may_use_gpu ? Bytes(~std::uint64_t{0}) : available_memory(), "memory"};
}

bool is_on_cpu(const LoadPlan& plan) {
    return plan.gpu_layers == 0 || !gpu_kind();
}

std::int64_t whole_ms(Duration duration) {
    return std::chrono::round<std::chrono::milliseconds>(duration).count();
}

BatchChoice settle_batch(const LoadPlan& plan, const Settled& settled, const Logger& log) {
    // An encoder takes each text in one piece.
    if (!settled.facts.causal) return {.batch = static_cast<std::uint32_t>(settled.context.value), .step = {}};
    if (plan.batch) return {.batch = std::max(*plan.batch, std::uint32_t{1}), .step = {}};
    const auto probe = StepProbe::load({.path = plan.model_path,
                                        .threads = settled.threads,
                                        .gpu_layers = plan.gpu_layers,
                                        .slots = plan.slots,
                                        .context = settled.context,
                                        .repack = settled.facts.size <= repack_max,
                                        .on_cpu = is_on_cpu(plan)});
    if (!probe) return {};
    return choose_batch([&](std::uint32_t batch) {
        const auto step = probe->time_step(batch);
        if (step) log.debug("measured a step", {{"batch", batch}, {"ms", whole_ms(*step)}});
        return step;
    });
}

}  // namespace

std::expected<Settled, LoadError> settle_memory(const LoadPlan& plan, const Logger& log) {
    if (const auto there = check_gpu(plan); !there) return std::unexpected(there.error());
    auto facts = inspect_model(plan.model_path);
    if (!facts) return std::unexpected(facts.error());
    const MemoryNeed need{.weights = facts->size,
                          .per_token = facts->kv_per_token,
                          .overhead = mebibytes(96) + Bytes(facts->size.value / 20)};
    const ContextWish wish{.asked = plan.context, .trained = facts->trained, .slots = plan.slots};
    const auto room = room_for(plan);
    const auto context = choose_context(wish, need, room.free);
    if (!context) {
        return refuse_load(
            room.refusal,
            fmt::format("{} needs {} of {} ({} of weights, the rest for {} slots), but {} is free", plan.model_path,
                        describe(context.error()), room.of, describe(facts->size), plan.slots, describe(room.free)),
            "choose a smaller model, fewer slots or a shorter context, or free memory");
    }
    if (*context > facts->trained) {
        log.warning("the model was trained for a shorter context than asked for, and gets that",
                    {{"asked", context->value}, {"trained", facts->trained.value}});
    }
    Settled settled{.kind = plan.kind.value_or(facts->kind), .context = std::min(*context, facts->trained)};
    const auto used = is_on_cpu(plan) ? need.total(settled.context, plan.slots) : Bytes{};
    const auto available = available_memory();
    settled.prompt_cache = choose_prompt_cache(Bytes(available.value - std::min(available, used).value));
    settled.facts = std::move(*facts);
    return settled;
}

void settle_speed(const LoadPlan& plan, const CpuSample& before, const Logger& log, Settled& settled) {
    settled.threads = plan.threads.value_or(0);
    if (settled.threads == 0) settled.threads = choose_threads(measure_free_cores(before, cpu_window));
    settled.batch = settle_batch(plan, settled, log);
}

}  // namespace rbees::engine
