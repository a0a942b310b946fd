#include "rbees/engine_llama/llama.hpp"

#include <fmt/format.h>

#include <utility>

#include "generation.hpp"
#include "llama_core.hpp"
#include "load.hpp"
#include "prepare.hpp"
#include "rbees/engine/finished_answer.hpp"
#include "texts.hpp"
#include "thread_governor.hpp"

namespace rbees::engine {
namespace {

class LlamaEngine final : public Engine {
  public:
    LlamaEngine(std::shared_ptr<LlamaCore> core, std::unique_ptr<ThreadGovernor> governor)
        : governor_(std::move(governor)), core_(std::move(core)) {}

    ~LlamaEngine() override { core_->stop(); }

    const Capabilities& capabilities() const override { return core_->capabilities; }

    Counters counters() const override { return core_->counters(); }
    Load load() const override { return core_->load(); }

    std::unique_ptr<Answer> start(Call call) override {
        if (!has(call.operation)) return finished_answer(not_supported(call.operation, core_->capabilities.kind));
        const auto operation = call.operation;
        if (operation == Operation::chat || operation == Operation::completion) {
            const auto answer = call.frames == Frames::tokens ? token_answer : generation_answer;
            return answer(core_, std::move(call));
        }
        return work_answer(core_, [call = std::move(call)](LlamaCore& core, TaskReader& reader) -> Body {
            switch (call.operation) {
                case Operation::embedding:
                    return embed(core, call.body, reader);
                case Operation::rerank:
                    return rerank(core, call.body, reader);
                case Operation::tokenize:
                    return tokenize(core, call.body);
                case Operation::detokenize:
                    return detokenize(core, call.body);
                default:
                    return render_template(core, call.body);
            }
        });
    }

  private:
    [[nodiscard]] bool has(Operation operation) const {
        const auto kind = core_->capabilities.kind;
        switch (operation) {
            case Operation::tokenize:
            case Operation::detokenize:
                return true;
            case Operation::embedding:
                return kind == Kind::embedding;
            case Operation::rerank:
                return kind == Kind::rerank;
            case Operation::chat:
            case Operation::completion:
            case Operation::apply_template:
                return kind == Kind::chat;
        }
        return false;
    }

    std::unique_ptr<ThreadGovernor> governor_;  ///< outlives the loop; null where the threads were given
    std::shared_ptr<LlamaCore> core_;
};

}  // namespace

std::expected<std::unique_ptr<Engine>, LoadError> load_llama(const LoadPlan& plan,
                                                             const std::function<void(double)>& progress,
                                                             const Logger& log) {
    auto core = load_core(plan, progress, log);
    if (!core) return std::unexpected(core.error());
    std::unique_ptr<ThreadGovernor> governor;
    if (!plan.threads) {
        governor = std::make_unique<ThreadGovernor>((*core)->capabilities.threads, log);
        governor->attach((*core)->context.get_llama_context());
        governor->start();
    }
    (*core)->run();
    if (progress) progress(1);
    return std::make_unique<LlamaEngine>(std::move(*core), std::move(governor));
}

}  // namespace rbees::engine
