#include "probe.hpp"

#include <llama.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "rbees/base/time.hpp"

namespace rbees::engine {
namespace {

constexpr std::int32_t warm_tokens = 8;    ///< touches the weights; its time is not a measure
constexpr std::int32_t timed_tokens = 64;  ///< small enough for slow machines
constexpr int timed_runs = 4;
constexpr double enough_seconds = 0.3;

struct FreeModel {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
struct FreeContext {
    void operator()(llama_context* context) const { llama_free(context); }
};
using Model = std::unique_ptr<llama_model, FreeModel>;
using Context = std::unique_ptr<llama_context, FreeContext>;

Model load(const ProbePlan& plan) {
    auto params = llama_model_default_params();
    params.n_gpu_layers = plan.gpu_layers;
    params.use_extra_bufts = plan.repack;
    return Model(llama_model_load_from_file(plan.path.c_str(), params));
}

Context make_context(llama_model& model, const ProbePlan& plan) {
    auto params = llama_context_default_params();
    params.n_ctx = 512;
    params.n_batch = timed_tokens;
    params.n_ubatch = timed_tokens;
    params.n_seq_max = 1;
    params.n_threads = static_cast<std::int32_t>(plan.threads);
    params.n_threads_batch = params.n_threads;
    return Context(llama_init_from_model(&model, params));
}

/// Seconds for a prompt of `count` tokens; nothing if the model refuses it.
std::optional<double> time_prompt(llama_context& context, std::int32_t count) {
    std::vector<llama_token> tokens(static_cast<std::size_t>(count));
    const auto vocabulary = llama_vocab_n_tokens(llama_model_get_vocab(llama_get_model(&context)));
    for (std::size_t i = 0; i < tokens.size(); ++i)
        tokens[i] = static_cast<llama_token>(i * 7 + 1) % vocabulary;
    llama_memory_clear(llama_get_memory(&context), false);
    const auto started = BootClock::now();
    if (llama_decode(&context, llama_batch_get_one(tokens.data(), count)) != 0) return std::nullopt;
    llama_synchronize(&context);
    return std::chrono::duration<double>(BootClock::now() - started).count();
}

}  // namespace

std::optional<double> measure_prefill(const ProbePlan& plan) {
    const auto model = load(plan);
    if (!model || !llama_model_has_decoder(model.get())) return std::nullopt;
    const auto context = make_context(*model, plan);
    if (!context || llama_get_memory(context.get()) == nullptr) return std::nullopt;

    const auto warm = time_prompt(*context, warm_tokens);
    if (!warm) return std::nullopt;
    // So slow that the smallest batch is chosen anyway.
    if (*warm > enough_seconds) return warm_tokens / *warm;
    double best = 0;
    double spent = 0;
    for (int run = 0; run < timed_runs && spent < enough_seconds; ++run) {
        const auto seconds = time_prompt(*context, timed_tokens);
        if (!seconds || *seconds <= 0) break;
        best = std::max(best, timed_tokens / *seconds);
        spent += *seconds;
    }
    return best;
}

}  // namespace rbees::engine
