#include "probe.hpp"

#include <llama.h>
#include <time.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "tuning.hpp"

namespace rbees::engine {
namespace {

constexpr std::int32_t warm_tokens = 8;                         ///< touch the weights; few, for slow machines
constexpr auto fill_time_max = std::chrono::milliseconds(500);  ///< how far a fast machine fills the slot
constexpr llama_seq_id prompt_slot = 0;
constexpr llama_seq_id generating_slot = 1;

struct FreeModel {
    void operator()(llama_model* model) const { llama_model_free(model); }
};
struct FreeContext {
    void operator()(llama_context* context) const { llama_free(context); }
};
using Model = std::unique_ptr<llama_model, FreeModel>;
using Context = std::unique_ptr<llama_context, FreeContext>;

/// A batch with room for the largest step.
class Batch {
  public:
    Batch() : batch_(llama_batch_init(static_cast<std::int32_t>(batch_max), 0, 1)) {}
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;
    ~Batch() { llama_batch_free(batch_); }

    void clear() { batch_.n_tokens = 0; }

    void add(llama_token token, llama_pos place, llama_seq_id slot, bool has_output) {
        const auto i = batch_.n_tokens++;
        batch_.token[i] = token;
        batch_.pos[i] = place;
        batch_.n_seq_id[i] = 1;
        batch_.seq_id[i][0] = slot;
        batch_.logits[i] = has_output ? 1 : 0;
    }

    [[nodiscard]] const llama_batch& view() const { return batch_; }

  private:
    llama_batch batch_;
};

Duration cpu_time() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Model load_model(const ProbePlan& plan) {
    auto params = llama_model_default_params();
    params.n_gpu_layers = plan.gpu_layers;
    params.use_extra_bufts = plan.repack;
    return Model(llama_model_load_from_file(plan.path.c_str(), params));
}

/// Two slots at most, each with its own part of the cache, as the engine has them.
Context make_context(llama_model& model, const ProbePlan& plan) {
    auto params = llama_context_default_params();
    params.n_seq_max = std::min(plan.slots, 2U);
    const auto each = std::min<std::uint64_t>(plan.context.value, 2 * warm_tokens + judged_at.value + batch_max);
    params.n_ctx = static_cast<std::uint32_t>(each) * params.n_seq_max;
    params.n_batch = batch_max;
    params.n_ubatch = microbatch_max;
    params.n_threads = static_cast<std::int32_t>(plan.threads);
    params.n_threads_batch = params.n_threads;
    return Context(llama_init_from_model(&model, params));
}

}  // namespace

struct StepProbe::Parts {
    Model model;
    Context context;
    std::uint32_t threads = 1;
    bool on_cpu = true;
    Batch batch;
    llama_pos filled = 0;  ///< tokens that the slot with the prompt holds
    std::vector<PromptStep> fills;
    llama_pos goal = 0;  ///< how much it holds when steps are judged

    /// Any token will do: only the time counts.
    [[nodiscard]] llama_token token(llama_pos place) const {
        return (place * 7 + 1) % llama_vocab_n_tokens(llama_model_get_vocab(model.get()));
    }

    void add_prompt(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto place = filled + static_cast<llama_pos>(i);
            batch.add(token(place), place, prompt_slot, false);
        }
    }

    /// Nothing if the engine refuses the batch.
    [[nodiscard]] std::optional<Duration> run() {
        const auto cpu_before = cpu_time();
        const auto started = BootClock::now();
        if (llama_decode(context.get(), batch.view()) != 0) return std::nullopt;
        llama_synchronize(context.get());
        const Duration passed = BootClock::now() - started;
        return on_cpu ? undisturbed(passed, cpu_time() - cpu_before, threads) : passed;
    }

    [[nodiscard]] std::optional<Duration> fill(std::uint32_t count) {
        batch.clear();
        add_prompt(count);
        const auto took = run();
        if (took) filled += static_cast<llama_pos>(count);
        return took;
    }

    /// False if the engine refuses.
    [[nodiscard]] bool fill_slot() {
        for (Duration spent{}; filled + static_cast<llama_pos>(batch_min) <= goal && spent < fill_time_max;) {
            const Tokens held(static_cast<std::uint64_t>(filled));
            const auto took = fill(batch_min);
            if (!took) return false;
            fills.push_back({.held = held, .took = *took});
            spent += *took;
        }
        return true;
    }

    /// What a step takes when the slot holds `goal` tokens, from what it took now. Small models have doubled their
    /// steps by then, larger ones grow less; more would be a wrong measurement.
    [[nodiscard]] Duration judge(Duration took, std::uint32_t tokens) const {
        if (fills.empty()) return took;
        const auto without_first = std::span(fills).subspan(1);  // it touched the buffers too
        const auto each = growth_per_held_token(without_first) * (tokens / batch_min);
        return took + std::min(took, each * std::max(0, goal - filled));
    }

    /// A recurrent model cannot forget a part: there the step stays, and the next one comes after it.
    void forget_step(std::uint32_t prompt) {
        auto* memory = llama_get_memory(context.get());
        if (!llama_memory_seq_rm(memory, prompt_slot, filled, -1)) filled += static_cast<llama_pos>(prompt);
        if (has_neighbour()) llama_memory_seq_rm(memory, generating_slot, -1, -1);
    }

    [[nodiscard]] bool has_neighbour() const { return llama_n_seq_max(context.get()) > 1; }
};

std::unique_ptr<StepProbe> StepProbe::load(const ProbePlan& plan) {
    auto model = load_model(plan);
    if (!model || !llama_model_has_decoder(model.get())) return nullptr;
    auto context = make_context(*model, plan);
    if (!context || llama_get_memory(context.get()) == nullptr) return nullptr;
    auto parts = std::make_unique<Parts>(std::move(model), std::move(context), plan.threads, plan.on_cpu);

    // The first run also reads the file; if it is slow, the second one tells whether the model is.
    auto warm = parts->fill(warm_tokens);
    if (warm && *warm > step_max) warm = parts->fill(warm_tokens);
    if (!warm || *warm > step_max) return nullptr;
    parts->goal = static_cast<llama_pos>(std::min(judged_at.value, plan.context.value / 2));
    if (!parts->fill_slot()) return nullptr;
    return std::unique_ptr<StepProbe>(new StepProbe(std::move(parts)));
}

StepProbe::StepProbe(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StepProbe::~StepProbe() = default;

std::optional<Duration> StepProbe::time_step(std::uint32_t batch) {
    auto& parts = *parts_;
    if (parts.filled + batch > llama_n_ctx_seq(parts.context.get())) return std::nullopt;
    parts.batch.clear();
    constexpr bool has_output = true;
    if (parts.has_neighbour()) parts.batch.add(parts.token(0), 0, generating_slot, has_output);
    const auto prompt = parts.has_neighbour() ? batch - 1 : batch;
    parts.add_prompt(prompt);
    const auto took = parts.run();
    if (!took) return std::nullopt;
    const auto judged = parts.judge(*took, batch);
    parts.forget_step(prompt);
    return judged;
}

}  // namespace rbees::engine
