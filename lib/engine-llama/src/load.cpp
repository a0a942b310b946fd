#include "load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <utility>

#include "gguf_file.hpp"
#include "gpu.hpp"
#include "machine.hpp"
#include "probe.hpp"
#include "rbees/base/hash.hpp"
#include "task_reader.hpp"
#include "tuning.hpp"

namespace rbees::engine {
namespace {

constexpr std::chrono::milliseconds cpu_window{150};
constexpr Bytes repack_max = mebibytes(8192);  ///< repacking more takes longer than a better choice is worth
constexpr int fitting_layers = -1;             ///< of LoadPlan::gpu_layers
constexpr int all_layers = -2;                 ///< likewise
constexpr double share_of_hash = 0.15;         ///< of the progress
constexpr double share_before_load = 0.25;

std::unexpected<LoadError> refuse(LoadErrorKind kind, std::string message, std::string remedy) {
    return std::unexpected(LoadError{kind, {std::move(message), std::move(remedy)}});
}

/// Threads that wait must sleep: ones that spin take the core of the thread they wait for. libomp reads this when its
/// first parallel region starts; what a user has set stays.
void make_openmp_passive() {
    constexpr int keep = 0;
    setenv("OMP_WAIT_POLICY", "passive", keep);
    setenv("KMP_BLOCKTIME", "0", keep);
}

std::int64_t whole_ms(Duration duration) {
    return std::chrono::round<std::chrono::milliseconds>(duration).count();
}

void start_backend() {
    static std::once_flag once;
    std::call_once(once, [] { llama_backend_init(); });
}

std::expected<std::string, LoadError> hash_file(const std::string& path, Bytes size,
                                                const std::function<void(double)>& progress) {
    std::ifstream file(path, std::ios::binary);
    Sha256 hash;
    std::string buffer(std::size_t{4} << 20, '\0');
    std::uint64_t done = 0;
    while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
        const auto count = static_cast<std::size_t>(file.gcount());
        hash.update(std::string_view(buffer).substr(0, count));
        done += count;
        if (progress)
            progress(share_of_hash * static_cast<double>(done) / static_cast<double>(std::max(size.value, done)));
    }
    if (file.bad()) return refuse(LoadErrorKind::file_corrupt, path + " cannot be read to its end", "check the disk");
    return to_hex(hash.finish());
}

/// Everything settled before llama.cpp is asked.
struct Settled {
    ModelFacts facts;
    Kind kind = Kind::chat;
    Tokens context;
    std::uint32_t threads = 1;
    BatchChoice batch;
    Bytes prompt_cache;
};

std::expected<void, LoadError> check_gpu(const LoadPlan& plan) {
    const bool needs_one = plan.gpu_layers == all_layers || plan.gpu_layers > 0;
    if (!needs_one || gpu_kind()) return {};
    return refuse(LoadErrorKind::no_gpu, "layers are wanted on a GPU, but this rbees-workerd can use none",
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

std::expected<void, LoadError> settle_context(const LoadPlan& plan, Settled& settled) {
    const auto& facts = settled.facts;
    const MemoryNeed need{.weights = facts.size,
                          .per_token = facts.kv_per_token,
                          .overhead = mebibytes(96) + Bytes(facts.size.value / 20)};
    const ContextWish wish{.asked = plan.context, .trained = facts.trained, .slots = plan.slots};
    const auto room = room_for(plan);
    const auto context = choose_context(wish, need, room.free);
    if (!context) {
        return refuse(
            room.refusal,
            fmt::format("{} needs {} of {} ({} of weights, the rest for {} slots), but {} is free", plan.model_path,
                        describe(context.error()), room.of, describe(facts.size), plan.slots, describe(room.free)),
            "choose a smaller model, fewer slots or a shorter context, or free memory");
    }
    settled.context = std::min(*context, facts.trained);
    const bool on_cpu = plan.gpu_layers == 0 || !gpu_kind();
    const auto used = on_cpu ? need.total(settled.context, plan.slots) : Bytes{};
    const auto available = available_memory();
    settled.prompt_cache = choose_prompt_cache(Bytes(available.value - std::min(available, used).value));
    return {};
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
                                        .on_cpu = plan.gpu_layers == 0 || !gpu_kind()});
    if (!probe) return {};
    return choose_batch([&](std::uint32_t batch) {
        const auto step = probe->time_step(batch);
        if (step) log.debug("measured a step", {{"batch", batch}, {"ms", whole_ms(*step)}});
        return step;
    });
}

common_params make_params(const LoadPlan& plan, const Settled& settled) {
    common_params params;
    params.model.path = plan.model_path;
    params.model_alias = {plan.model_name};
    params.n_parallel = static_cast<int>(plan.slots);
    // Each slot has its own part of the cache: a request that fills it hurts nobody else.
    params.kv_unified = false;
    params.n_ctx = static_cast<int>(settled.context.value * plan.slots);
    params.n_batch = static_cast<int>(settled.batch.batch);
    params.n_ubatch =
        settled.facts.causal ? std::min(params.n_batch, static_cast<int>(microbatch_max)) : params.n_batch;
    params.cpuparams.n_threads = static_cast<int>(settled.threads);
    params.cpuparams_batch.n_threads = static_cast<int>(settled.threads);
    params.n_gpu_layers = plan.gpu_layers;
    params.fit_params = plan.gpu_layers == fitting_layers && gpu_kind();
    params.cache_ram_mib = static_cast<int>(settled.prompt_cache.value >> 20);
    params.embedding = settled.kind != Kind::chat;
    if (settled.kind == Kind::rerank) params.pooling_type = LLAMA_POOLING_TYPE_RANK;
    // A chat model that is asked to embed: its last token has seen the whole text.
    if (settled.kind == Kind::embedding && settled.facts.pooling == Pooling::none) {
        params.pooling_type = LLAMA_POOLING_TYPE_LAST;
    }
    return params;
}

LoadError explain(const std::string& path, const std::string& errors) {
    const auto says = [&](std::string_view part) { return errors.find(part) != std::string::npos; };
    auto kind = LoadErrorKind::failed;
    if (says("unknown model architecture") || says("unknown type") || says("invalid ggml type")) {
        kind = LoadErrorKind::not_supported;
    } else if (says("cudaMalloc failed")) {
        kind = LoadErrorKind::not_enough_gpu_memory;
    } else if (says("unable to allocate") || says("failed to allocate") || says("out of memory")) {
        kind = LoadErrorKind::not_enough_memory;
    } else if (says("is not within the file bounds") || says("missing tensor") || says("wrong shape")) {
        kind = LoadErrorKind::file_corrupt;
    }
    const auto reason = errors.empty() ? std::string("it gave no reason") : errors;
    return {kind, {fmt::format("llama.cpp could not load {}: {}", path, reason), "try another model file"}};
}

std::expected<void, LoadError> hand_over(LlamaCore& core, const std::string& path,
                                         const std::function<void(double)>& progress) {
    if (progress) {
        core.context.set_state_callback([&](server_state state, const json& payload) {
            if (state != SERVER_STATE_LOADING) return;
            const double done = json_value(payload, "value", 0.0);
            progress(share_before_load + (1 - share_before_load) * 0.99 * done);
        });
    }
    try {
        if (!core.context.load_model(core.params)) return std::unexpected(explain(path, core.bridge.errors()));
    } catch (const std::exception& error) {
        return std::unexpected(explain(path, core.bridge.errors() + " " + error.what()));
    }
    core.context.set_state_callback({});
    return {};
}

void fill(LlamaCore& core, const LoadPlan& plan, const Settled& settled, std::string hash) {
    auto* context = core.context.get_llama_context();
    auto meta = core.context.get_meta();
    core.model = llama_get_model(context);
    core.vocab = llama_model_get_vocab(core.model);
    core.chat = &meta.chat_params;
    core.end_bias = std::move(meta.logit_bias_eog);
    const auto tools = meta.chat_template_caps.find("supports_tools");
    const bool chat = settled.kind == Kind::chat;
    core.capabilities = {.model = plan.model_name.empty() ? meta.model_name : plan.model_name,
                         .model_hash = std::move(hash),
                         .kind = settled.kind,
                         .context = Tokens(static_cast<std::uint64_t>(meta.slot_n_ctx)),
                         .slots = plan.slots,
                         .batch = llama_n_batch(context),
                         .step = settled.batch.step,
                         .threads = settled.threads,
                         .tools = chat && tools != meta.chat_template_caps.end() && tools->second,
                         .grammar = chat};
}

/// Where it runs is what the load took, not what was asked for: layers that did not fit lie in the machine's memory.
void note_device(LlamaCore& core, Bytes free_before, Bytes weights) {
    const auto free = free_gpu_memory();
    const Bytes taken(free_before.value - std::min(free, free_before).value);
    const auto kind = gpu_kind();
    if (!kind || taken < Bytes(weights.value / 2)) return;
    core.capabilities.device = *kind;
    core.capabilities.gpu_memory = taken;
}

}  // namespace

std::expected<std::shared_ptr<LlamaCore>, LoadError> load_core(const LoadPlan& plan,
                                                               const std::function<void(double)>& progress,
                                                               const Logger& log) {
    const auto cpu_before = sample_cpu();
    make_openmp_passive();
    auto core = std::make_shared<LlamaCore>(log);
    start_backend();
    if (const auto there = check_gpu(plan); !there) return std::unexpected(there.error());
    const auto gpu_memory_before = free_gpu_memory();
    auto facts = inspect_model(plan.model_path);
    if (!facts) return std::unexpected(facts.error());
    Settled settled{.facts = std::move(*facts)};
    settled.kind = plan.kind.value_or(settled.facts.kind);
    if (const auto fits = settle_context(plan, settled); !fits) return std::unexpected(fits.error());

    auto hash = plan.model_hash ? *plan.model_hash : hash_file(plan.model_path, settled.facts.size, progress);
    if (!hash) return std::unexpected(hash.error());
    settled.threads = plan.threads.value_or(0);
    if (settled.threads == 0) settled.threads = choose_threads(measure_free_cores(cpu_before, cpu_window));
    settled.batch = settle_batch(plan, settled, log);
    if (progress) progress(share_before_load);

    core->params = make_params(plan, settled);
    if (const auto loaded = hand_over(*core, plan.model_path, progress); !loaded)
        return std::unexpected(loaded.error());
    fill(*core, plan, settled, std::move(*hash));
    note_device(*core, gpu_memory_before, settled.facts.size);
    log.info("model loaded", {{"model", core->capabilities.model},
                              {"context", static_cast<std::int64_t>(core->capabilities.context.value)},
                              {"slots", static_cast<std::int64_t>(plan.slots)},
                              {"batch", static_cast<std::int64_t>(core->capabilities.batch)},
                              {"threads", static_cast<std::int64_t>(settled.threads)},
                              {"device", core->capabilities.device}});
    return core;
}

Counters read_counters(const std::shared_ptr<LlamaCore>& core) {
    const auto with_slots = [&core](std::uint32_t busy, std::uint32_t waiting) {
        auto counters = core->meter.read();
        counters.slots_busy = busy;
        counters.queued = waiting;
        return counters;
    };
    const auto open = core->open();
    const auto busy = std::min(open, core->capabilities.slots);
    if (core->stopped()) return with_slots(busy, open - busy);

    auto reader = core->context.get_response_reader();
    server_task task(SERVER_TASK_TYPE_METRICS);
    task.id = reader.get_new_id();
    constexpr bool before_all_others = true;
    reader.post_task(std::move(task), before_all_others);
    const auto result = reader.next([] { return true; });
    const auto* answer = dynamic_cast<const server_task_result_metrics*>(result.get());
    if (answer == nullptr) return with_slots(busy, open - busy);
    const auto& metrics = answer->metrics;
    core->meter.note_prompts({.processed = Tokens(metrics.prompt.count),
                              .cached = Tokens(metrics.n_prompt_cached),
                              .seconds = static_cast<double>(metrics.prompt.time) / 1e6});
    return with_slots(static_cast<std::uint32_t>(answer->n_processing_slots),
                      static_cast<std::uint32_t>(answer->n_tasks_deferred));
}

}  // namespace rbees::engine
