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

#include "chat_template.hpp"
#include "gpu.hpp"
#include "grammar_abort.hpp"
#include "load_refusal.hpp"
#include "members.hpp"
#include "rbees/base/hash.hpp"
#include "settle.hpp"

namespace rbees::engine {
namespace {

constexpr double share_of_hash = 0.15;  ///< of the progress
constexpr double share_before_load = 0.25;

/// Threads that wait must sleep: ones that spin take the core of the thread they wait for. libomp reads this when its
/// first parallel region starts; what a user has set stays.
void make_openmp_passive() {
    constexpr int keep = 0;
    setenv("OMP_WAIT_POLICY", "passive", keep);
    setenv("KMP_BLOCKTIME", "0", keep);
}

void start_backend() {
    static std::once_flag once;
    std::call_once(once, [] {
        llama_backend_init();
        survive_dead_ends_of_grammars();
    });
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
    if (file.bad())
        return refuse_load(LoadErrorKind::file_corrupt, path + " cannot be read to its end", "check the disk");
    return to_hex(hash.finish());
}

common_params make_params(const LoadPlan& plan, const Settled& settled, const std::string& chat_template) {
    common_params params;
    params.chat_template = chat_template;
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
    for (auto& bias : core.end_bias)
        bias.bias = finite_bias(bias.bias);
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
    const auto gpu_memory_before = free_gpu_memory();
    auto settled = settle_memory(plan, log);
    if (!settled) return std::unexpected(settled.error());

    auto chat_template = read_chat_template(plan, settled->kind);
    if (!chat_template) return std::unexpected(chat_template.error());
    auto hash = plan.model_hash ? *plan.model_hash : hash_file(plan.model_path, settled->facts.size, progress);
    if (!hash) return std::unexpected(hash.error());
    settle_speed(plan, cpu_before, log, *settled);
    if (progress) progress(share_before_load);

    core->params = make_params(plan, *settled, *chat_template);
    if (const auto loaded = hand_over(*core, plan.model_path, progress); !loaded)
        return std::unexpected(loaded.error());
    fill(*core, plan, *settled, hash_with(*hash, *chat_template));
    note_device(*core, gpu_memory_before, settled->facts.size);
    const auto& loaded = core->capabilities;
    log.info("model loaded", {{"model", loaded.model},
                              {"context", loaded.context.value},
                              {"slots", loaded.slots},
                              {"batch", loaded.batch},
                              {"step", loaded.step ? describe(*loaded.step) : "not measured"},
                              {"threads", loaded.threads},
                              {"device", loaded.device}});
    return core;
}

}  // namespace rbees::engine
